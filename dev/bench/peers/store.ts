import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { firstWord } from '../interrupt.ts';
import { createAuthority, issueCertificate } from '../../../src/pki/x509.ts';

export interface PeerStore extends AsyncDisposable {
  readonly endpoint: string;
  readonly port: number;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The authority of its certificate, and a file that holds it. */
  readonly ca: string;
  readonly caFile: string;
}

export const bucket = 'bench';

/** An S3 store over TLS on 127.0.0.1: pgBackRest speaks nothing else. */
export async function startStore(): Promise<PeerStore> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'hwb-store-'));
  await chmod(directory, 0o755);
  const now = new Date();
  const authority = await createAuthority('bench', 1, now);
  const leaf = await issueCertificate(authority, {
    ...{ commonName: 'bench', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], usages: ['server'], days: 1, now },
  });
  const caFile = path.join(directory, 'ca.pem');
  await writeFile(caFile, authority.certificate, { mode: 0o644 });
  const child = fork(path.join(import.meta.dirname, 'store-process.ts'), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const ended = once(child, 'exit');
  const release = async (): Promise<void> => {
    if (child.connected) child.disconnect();
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench-secret' };
  const start = {
    ...{ dataDir: path.join(directory, 'data'), address: '127.0.0.1', port: 0, credentials, buckets: [bucket] },
    tls: { cert: leaf.certificate, key: leaf.key },
  };
  // An error is told by its end.
  child.send(start, () => undefined);
  const [endpoint] = await firstWord(once(child, 'message') as Promise<[string]>, ended).catch(
    async (error: unknown) => {
      await release();
      throw error;
    },
  );
  return {
    endpoint,
    port: Number(new URL(endpoint).port),
    ...credentials,
    ca: authority.certificate,
    caFile,
    [Symbol.asyncDispose]: release,
  };
}
