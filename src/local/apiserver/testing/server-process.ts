// A server as a process of its own, for tests that kill it: `node server-process.ts OPTIONS.json`. Prints its URL.
import { readFileSync } from 'node:fs';
import { startServer, type ServerKeys } from '../server.ts';

const { keys, stateFile, port } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as {
  keys: ServerKeys;
  stateFile: string;
  port: number;
};
const log = (level: string, message: string): void => void (level === 'error' && process.stderr.write(`${message}\n`));
try {
  const running = await startServer({ keys, stateFile, port, address: '127.0.0.1', serviceNetwork: '127.99.96', log });
  process.stdout.write(`${running.url}\n`);
  process.on('SIGTERM', () => void running.close().then(() => process.exit(0)));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
