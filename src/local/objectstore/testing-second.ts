// For `npm run test:s3`: versitygw, an S3 server of somebody else's, in the place of ours.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../testing/free-port.ts';

/** The program's file, when tests are to run against it. */
export const secondImplementation = (): string | undefined => process.env['HOWDAH_TEST_S3'] || undefined;

export interface SecondServer extends AsyncDisposable {
  readonly endpoint: string;
}

interface Start {
  readonly program: string;
  readonly dataDir: string;
  readonly address: string;
  readonly port: number;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly buckets: readonly string[];
}

const patience = 30_000;

const answers = (address: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, address, () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });

/** Its buckets are directories. */
export async function startSecondServer(start: Start): Promise<SecondServer> {
  const { program, dataDir, address, credentials, buckets } = start;
  const port = start.port || (await freePort(address));
  for (const bucket of buckets) await mkdir(path.join(dataDir, bucket), { recursive: true });
  const child = spawn(program, ['--port', `${address}:${port}`, '--quiet', 'posix', dataDir], {
    env: { ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (data: Buffer) => (said = (said + data.toString()).slice(-4096)));
  const ended = once(child, 'exit');
  for (const deadline = Date.now() + patience; !(await answers(address, port));) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`versitygw does not answer: ${said}`);
    await delay(20);
  }
  return {
    endpoint: `http://${address}:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
