import { createPrivateKey, X509Certificate } from 'node:crypto';
import { access, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Secret } from '../kube/objects.ts';
import { replaceFile } from '../util/files.ts';
import { secretValue } from './cluster/secret-source.ts';

/** The Secrets that TLS needs, by name. */
export interface CertificateSecrets {
  /** Holds the authority of the servers in ca.crt. */
  readonly serverTrust: string;
  readonly server: string;
  /** Holds the authority of the clients in ca.crt. */
  readonly clientTrust: string;
  readonly replication: string;
}

export interface CertificateResult {
  /** All files are in place and usable. */
  readonly complete: boolean;
  readonly changed: boolean;
  /** What is wrong, each naming the Secret. */
  readonly problems: readonly string[];
}

type Find = (name: string) => Secret | undefined | 'unknown';

/** Throws unless key and certificate belong together. */
export function checkPair(certificate: string, key: string): void {
  if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) {
    throw new Error('the key does not belong to the certificate');
  }
}

/** Undefined while nobody could tell. */
function value(find: Find, name: string, key: string): string | undefined {
  const secret = find(name);
  if (secret === 'unknown') return undefined;
  const text = secretValue(secret, key);
  if (text === undefined) throw new Error(secret ? `has no key "${key}"` : 'does not exist');
  return text;
}

interface Piece {
  readonly secret: string;
  read(): readonly (readonly [file: string, content: string])[] | undefined;
}

function pieces(find: Find, names: CertificateSecrets): Piece[] {
  const authority = (secret: string, file: string): Piece => ({
    secret,
    read() {
      const text = value(find, secret, 'ca.crt');
      if (text === undefined) return undefined;
      new X509Certificate(text);
      return [[file, text]];
    },
  });
  const pair = (secret: string, name: string): Piece => ({
    secret,
    read() {
      const [certificate, key] = [value(find, secret, 'tls.crt'), value(find, secret, 'tls.key')];
      if (certificate === undefined || key === undefined) return undefined;
      checkPair(certificate, key);
      return [
        [`${name}.key`, key],
        [`${name}.crt`, certificate],
      ];
    },
  });
  return [
    authority(names.serverTrust, 'server-ca.crt'),
    authority(names.clientTrust, 'client-ca.crt'),
    pair(names.server, 'server'),
    pair(names.replication, 'streaming_replica'),
  ];
}

const files = [
  'server-ca.crt',
  'client-ca.crt',
  'server.crt',
  'server.key',
  'streaming_replica.crt',
  'streaming_replica.key',
];

/** Writes what the Secrets hold to the certificates' directory. A Secret that is unusable leaves the files of before in place. */
export async function writeCertificates(
  directory: string,
  find: Find,
  names: CertificateSecrets,
): Promise<CertificateResult> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const problems: string[] = [];
  let changed = false;
  for (const piece of pieces(find, names)) {
    try {
      const contents = piece.read();
      if (contents === undefined) continue;
      for (const [file, content] of contents) {
        if (await replaceFile(path.join(directory, file), content)) changed = true;
      }
    } catch (error) {
      problems.push(`Secret "${piece.secret}": ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const present = await Promise.all(
    files.map((file) =>
      access(path.join(directory, file)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return { complete: present.every(Boolean), changed, problems };
}
