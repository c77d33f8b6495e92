import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Requests } from './testing/request.ts';
import { testKeys, type TestKeys } from './testing/server.ts';
import type { Loose } from './model/types.ts';

let directory: string;
let keys: TestKeys;
const children: ChildProcess[] = [];

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'howdah-durable-'));
  keys = await testKeys('127.0.0.1');
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(directory, { recursive: true, force: true });
});

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
  readonly stderr: string;
}

/** Starts the server process; resolves when it says its URL or ends. */
async function start(stateFile: string, port = 0): Promise<Started> {
  const options = path.join(directory, `options-${children.length}.json`);
  await writeFile(options, JSON.stringify({ keys, stateFile, port }));
  const program = path.join(import.meta.dirname, 'testing', 'server-process.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let [url, stderr] = ['', ''];
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const said = once(child.stdout, 'data').then(([chunk]: Loose[]) => (url = String(chunk).trim()));
  await Promise.race([said, once(child, 'close')]);
  return { child, url, stderr };
}

const connect = (url: string): Requests => new Requests({ server: url, ca: keys.ca, ...keys.admin });
const configMaps = '/api/v1/namespaces/default/configmaps';

test('killed in the middle of writes, the server comes back with everything that it has acknowledged', async () => {
  const stateFile = path.join(directory, 'killed', 'state.db');
  const first = await start(stateFile);
  const api = connect(first.url);
  const acknowledged = new Map<string, string>();
  let stop = false;
  const writer = async (id: number): Promise<void> => {
    for (let i = 0; !stop; i++) {
      const name = `w${id}-${i}`;
      const reply = await api.post(configMaps, { metadata: { name }, data: { i: String(i) } }).catch(() => undefined);
      if (reply?.code === 201) acknowledged.set(name, reply.body.metadata.resourceVersion);
    }
  };
  const writers = [0, 1, 2, 3].map(writer);
  await new Promise((resolve) => setTimeout(resolve, 700));
  const gone = once(first.child, 'close');
  first.child.kill('SIGKILL');
  stop = true;
  await gone;
  await Promise.all(writers);
  api.close();
  expect(acknowledged.size).toBeGreaterThan(20);

  const second = await start(stateFile);
  const again = connect(second.url);
  const { body } = await again.get(configMaps);
  const stored = new Map<string, string>(
    body.items.map(({ metadata }: Loose) => [metadata.name, metadata.resourceVersion]),
  );
  for (const [name, version] of acknowledged) expect([name, stored.get(name)]).toEqual([name, version]);
  // History is there too: a watch goes on where it was.
  const middle = [...acknowledged.values()].map(Number).sort((a, b) => a - b)[Math.floor(acknowledged.size / 2)] ?? 0;
  const events = await again.get(`${configMaps}?watch=true&timeoutSeconds=1&resourceVersion=${middle}`);
  const versions = String(events.body)
    .trim()
    .split('\n')
    .map((line) => Number(JSON.parse(line).object.metadata.resourceVersion));
  expect(versions.filter((version) => version <= middle)).toEqual([]);
  expect(versions.length).toBe([...stored.values()].filter((version) => Number(version) > middle).length);
  const { body: fresh } = await again.post(configMaps, { metadata: { name: 'after' } });
  expect(Number(fresh.metadata.resourceVersion)).toBeGreaterThan(Math.max(...[...acknowledged.values()].map(Number)));
  again.close();
  const ended = once(second.child, 'close');
  second.child.kill('SIGTERM');
  expect((await ended)[0]).toBe(0);
});

test('a port in use and a broken state file are named, and the exit code is 1', async () => {
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
  const { port } = blocker.address() as AddressInfo;
  const busy = await start(path.join(directory, 'busy', 'state.db'), port);
  expect(busy.stderr).toBe(`cannot listen on 127.0.0.1:${port}: another program uses this address\n`);
  expect(busy.child.exitCode).toBe(1);
  blocker.close();
  const broken = path.join(directory, 'broken.db');
  await writeFile(broken, 'this is not a database, and it is long enough to be looked at as one'.repeat(100));
  const { stderr, child } = await start(broken);
  expect(stderr).toContain(`cannot use the state file ${broken}: `);
  expect(child.exitCode).toBe(1);
});

test('a second server on the same state is refused', async () => {
  const stateFile = path.join(directory, 'shared', 'state.db');
  const first = await start(stateFile);
  expect(first.url).toMatch(/^https:/);
  const second = await start(stateFile);
  expect(second.stderr).toContain('database is locked');
  first.child.kill('SIGKILL');
});
