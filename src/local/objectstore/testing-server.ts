// A store as a process of its own, for tests that kill it: DATA-DIR PORT.
import { runObjectStore } from './run.ts';

const [dataDir = '', port = ''] = process.argv.slice(2);
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
await runObjectStore({
  dataDir,
  address: '127.0.0.1',
  port: Number(port),
  credentials: { accessKeyId: 'test', secretAccessKey: 'test-secret' },
  buckets: ['data'],
  signal: stop.signal,
  log: (line) => process.stdout.write(`${line}\n`),
});
