import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, jest, test } from '@jest/globals';
import { BlockPool } from '../../objectstore/codec/block-pool.ts';
import { ObjectStoreError } from '../../objectstore/errors.ts';
import { createTurns } from '../../util/turns.ts';
import { walKey } from '../../objectstore/layout.ts';
import type { ObjectStore } from '../../objectstore/port.ts';
import { parseHistory } from '../../postgres/timeline.ts';
import { silent, testArchive } from '../recovery/testing.ts';
import type { Archive } from './archive-source.ts';
import { Restorer, type RestorerDeps } from './restore.ts';
import { putWal } from './wal-objects.ts';

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

const name = (index: number, timeline = '00000001'): string =>
  `${timeline}00000000000000${index.toString(16).toUpperCase().padStart(2, '0')}`;
const signal = (): AbortSignal => AbortSignal.timeout(30_000);
/** As a store that does not answer. */
const untilAborted = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
async function put(archive: Archive, name: string, text: string): Promise<void> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'hwx-'));
  directories.push(directory);
  await writeFile(`${directory}/${name}`, text);
  const packing = { pool: new BlockPool(1 << 20), reclaim: () => undefined, turn: createTurns(1) };
  await putWal(archive, { name, path: `${directory}/${name}`, systemIdentifier: '7', packing }, signal());
}

async function aRestorer(archive: Archive | undefined, change: Partial<RestorerDeps> = {}) {
  const data = await mkdtemp(path.join(os.tmpdir(), 'hwx-'));
  directories.push(data);
  await mkdir(`${data}/pg_wal`);
  const restorer = new Restorer({
    dataDirectory: data,
    source: { get: () => Promise.resolve(archive), invalidate: () => undefined },
    segmentSize: () => Promise.resolve(16 << 20),
    history: () => Promise.resolve(undefined),
    onFailure: 'stop',
    patience: 0,
    log: silent,
    signal: signal(),
    ...change,
  });
  const target = `${data}/pg_wal/RECOVERYXLOG`;
  return { data, restorer, target, ask: (file: string) => restorer.restore(file, target, signal()) };
}

test('a file comes whole, whatever its compression, and the next ones are fetched ahead', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  const gzip = await store.open('one', { wal: { compression: 'gzip', attributes: {}, maxParallel: 1 } });
  for (const index of [1, 2]) await put(archive, name(index), `plain ${index}`);
  await put(gzip, name(3), 'packed 3');
  let gets: string[] = [];
  const watched: ObjectStore = {
    ...archive.store,
    get: (key, options) => {
      gets.push(key.slice(key.lastIndexOf('/') + 1));
      return archive.store.get(key, options);
    },
  };
  const { ask, target, data, restorer } = await aRestorer({ ...archive, store: watched });
  expect(await ask(name(1))).toEqual({ outcome: 'restored' });
  expect(await readFile(target, 'utf8')).toBe('plain 1');
  for (let tries = 0; (await readdir(`${data}/pg_wal/.howdah-restore`)).length < 2 && tries < 100; tries += 1)
    await new Promise((r) => setTimeout(r, 10));
  await new Promise((resolve) => setTimeout(resolve, 50));
  gets = [];
  expect(await ask(name(2))).toEqual({ outcome: 'restored' });
  expect(await readFile(target, 'utf8')).toBe('plain 2');
  expect(gets).not.toContain(name(2));
  expect(await ask(name(3))).toEqual({ outcome: 'restored' });
  expect(await readFile(target, 'utf8')).toBe('packed 3');
  expect(await ask(name(4))).toEqual({ outcome: 'absent' });
  await put(archive, name(4), 'late 4');
  expect(await ask(name(4))).toEqual({ outcome: 'restored' });
  await restorer.close();
  expect(await readdir(`${data}/pg_wal`)).toEqual(['RECOVERYXLOG']);
});

test('only what belongs to the history of the cluster is given to PostgreSQL', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  for (const file of [name(4), name(5), name(6, '00000003'), '00000003.history', '00000002.history'])
    await put(archive, file, 'x');
  const history = parseHistory(2, '1\t0/5000148\tx\n');
  const { ask } = await aRestorer(archive, { history: () => Promise.resolve(history) });
  expect(await ask(name(4))).toEqual({ outcome: 'restored' });
  expect(await ask(name(5))).toEqual({ outcome: 'absent' });
  expect(await ask(name(6, '00000003'))).toEqual({ outcome: 'absent' });
  expect(await ask('00000003.history')).toEqual({ outcome: 'absent' });
  expect(await ask('00000002.history')).toEqual({ outcome: 'restored' });
});

test('the incomplete last segment of a timeline stands for the segment where PostgreSQL has no other way', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  await put(archive, `${name(1)}.partial`, 'partial 1');
  await put(archive, `${name(2)}.partial`, 'partial 2');
  await put(archive, name(2), 'whole 2');
  expect(await (await aRestorer(archive, { onFailure: 'stream' })).ask(name(1))).toEqual({ outcome: 'absent' });
  const { ask, target } = await aRestorer(archive);
  expect(await ask(name(1))).toEqual({ outcome: 'restored' });
  expect(await readFile(target, 'utf8')).toBe('partial 1');
  expect(await ask(name(2))).toEqual({ outcome: 'restored' });
  expect(await readFile(target, 'utf8')).toBe('whole 2');
  expect(await ask(name(3))).toEqual({ outcome: 'absent' });
});

test('a failure of the network is never "not there"', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  const away = await store.open('one', { s3: { ...archive.config.s3, endpoint: 'http://127.0.0.1:1', attempts: 1 } });
  expect(await (await aRestorer(away)).ask(name(1))).toMatchObject({ outcome: 'failed', fatal: true });
  expect(await (await aRestorer(away, { onFailure: 'stream' })).ask(name(1))).toMatchObject({
    outcome: 'failed',
    fatal: false,
  });
  expect(await (await aRestorer(undefined)).ask(name(1))).toEqual({ outcome: 'absent' });
  await put(archive, name(1), 'x');
  let calls = 0;
  const source = { get: () => Promise.resolve(archive), invalidate: () => undefined };
  const flaky: ObjectStore = {
    ...archive.store,
    get: (...args) => ((calls += 1) < 2 ? away : archive).store.get(...args),
  };
  const patient = await aRestorer(
    { ...archive, store: flaky },
    { patience: 10_000, source: { ...source, get: () => Promise.resolve({ ...archive, store: flaky }) } },
  );
  expect(await patient.ask(name(1))).toEqual({ outcome: 'restored' });
});

test('a standby is told at once that the archive does not answer, and goes on without it; a while later it is asked again', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  await put(archive, name(1), 'x');
  let calls = 0;
  let answers = false;
  const silentStore: ObjectStore = {
    ...archive.store,
    get: (key, options) => {
      calls += 1;
      if (answers) return archive.store.get(key, options);
      return untilAborted(options?.signal);
    },
  };
  const { ask, restorer } = await aRestorer(
    { ...archive, store: silentStore },
    { onFailure: 'stream', patience: 60_000 },
  );
  for (const file of [name(1), '00000002.history', name(2)])
    expect(await ask(file)).toEqual({ outcome: 'failed', message: expect.stringContaining('1000 ms'), fatal: false });
  expect(calls).toBe(1);
  const later = await aRestorer({ ...archive, store: silentStore }, { onFailure: 'stream', patience: 0 });
  expect(await later.ask(name(1))).toMatchObject({ outcome: 'failed' });
  answers = true;
  expect(await later.ask(name(1))).toEqual({ outcome: 'restored' });
  await Promise.all([restorer.close(), later.restorer.close()]);
});

test('a standby waits no longer for what is being fetched ahead, or for the history of its primary, than for the file', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  for (const index of [1, 2]) await put(archive, name(index), 'x');
  const silentFrom: ObjectStore = {
    ...archive.store,
    get: (key, options) => (key.endsWith(name(1)) ? archive.store.get(key, options) : untilAborted(options?.signal)),
  };
  const standby = { onFailure: 'stream', patience: 60_000 } as const;
  const { ask } = await aRestorer({ ...archive, store: silentFrom }, standby);
  expect(await ask(name(1))).toEqual({ outcome: 'restored' });
  expect(await ask(name(2))).toMatchObject({ outcome: 'failed', message: expect.stringMatching(/has not begun.*ms/) });

  let asked = 0;
  const history = (signal: AbortSignal) => {
    if (!signal.aborted) asked += 1;
    return signal.aborted ? Promise.reject(signal.reason as Error) : untilAborted(signal);
  };
  const promoted = await aRestorer(archive, { ...standby, history });
  for (const file of [name(1), name(2)])
    expect(await promoted.ask(file)).toMatchObject({ message: expect.stringContaining('history of the primary') });
  expect(asked).toBe(1);
});

test('a clock that is set back does not keep a standby from asking the archive again', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  await put(archive, name(1), 'x');
  let failures = 0;
  const faulty: ObjectStore = {
    ...archive.store,
    get: (key, options) =>
      (failures += 1) === 1
        ? Promise.reject(new ObjectStoreError('unreachable', 'ECONNREFUSED'))
        : archive.store.get(key, options),
  };
  const { ask } = await aRestorer({ ...archive, store: faulty }, { onFailure: 'stream', patience: 0 });
  expect(await ask(name(1))).toMatchObject({ message: 'ECONNREFUSED' });
  const now = Date.now.bind(Date);
  const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
  const outcome = await ask(name(1)).finally(() => clock.mockRestore());
  expect(outcome).toEqual({ outcome: 'restored' });
});

test('what was fetched for a PostgreSQL that has gone is not put where the next one has its files put', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  for (const index of [1, 2]) await put(archive, name(index), 'x');
  const { promise, resolve } = Promise.withResolvers<void>();
  const slow: ObjectStore = {
    ...archive.store,
    async get(key, options) {
      if (!key.endsWith(name(1))) await promise;
      return archive.store.get(key, options);
    },
  };
  const { ask, restorer, target } = await aRestorer({ ...archive, store: slow });
  expect(await ask(name(1))).toEqual({ outcome: 'restored' });
  await rm(target);
  const gone = new AbortController();
  const late = restorer.restore(name(2), target, gone.signal);
  gone.abort(new Error('it has gone'));
  resolve();
  expect(await late).toMatchObject({ outcome: 'failed', message: 'it has gone' });
  await expect(readFile(target)).rejects.toThrow('ENOENT');
});

test('a standby that has taken its request back asks the archive again at once', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  await put(archive, name(1), 'x');
  const election = new AbortController();
  const first: ObjectStore = {
    ...archive.store,
    get(key, options) {
      if (election.signal.aborted) return archive.store.get(key, options);
      setImmediate(() => election.abort(new Error('an election')));
      return untilAborted(options?.signal);
    },
  };
  const standby = { onFailure: 'stream', patience: 60_000 } as const;
  const { restorer, target, ask } = await aRestorer({ ...archive, store: first }, standby);
  expect(await restorer.restore(name(1), target, election.signal)).toMatchObject({ message: 'an election' });
  expect(await ask(name(1))).toEqual({ outcome: 'restored' });
});

test.each<[string, Error, boolean]>([
  ['no connection', new ObjectStoreError('unreachable', 'ECONNREFUSED'), false],
  ['too many requests', new ObjectStoreError('throttled', 'SlowDown'), false],
  ['an error of the store itself', new ObjectStoreError('failing', 'InternalError'), false],
  ['keys that are refused', new ObjectStoreError('forbidden', 'AccessDenied'), true],
  ['a wrong checksum', new ObjectStoreError('corrupt', 'not what its checksum says'), true],
  ['a full volume', Object.assign(new Error('no space left'), { code: 'ENOSPC' }), true],
])('%s: whether the archive counts as one that answers', async (_, error, answers) => {
  await using store = await testArchive();
  const archive = await store.open('one');
  await put(archive, name(2), 'x');
  const faulty: ObjectStore = {
    ...archive.store,
    get: (key, options) => (key.endsWith(name(1)) ? Promise.reject(error) : archive.store.get(key, options)),
  };
  const { ask } = await aRestorer({ ...archive, store: faulty }, { onFailure: 'stream', patience: 60_000 });
  expect(await ask(name(1))).toMatchObject({ outcome: 'failed', message: error.message });
  expect(await ask(name(2))).toMatchObject({ outcome: answers ? 'restored' : 'failed' });
});

test('a damaged file is not given to PostgreSQL, and does not count as an archive that does not answer', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  const metadata = { sha256: '00'.repeat(32) };
  await archive.store.put(walKey(archive.config.location, name(1), 'none'), Buffer.from('damaged'), { metadata });
  const damaged = { outcome: 'failed', message: expect.stringContaining('damaged') };
  const { ask, data } = await aRestorer(archive);
  expect(await ask(name(1))).toMatchObject({ ...damaged, fatal: true });
  expect(await readdir(`${data}/pg_wal`)).toEqual([]);
  await put(archive, name(2), 'x');
  const standby = await aRestorer(archive, { onFailure: 'stream', patience: 60_000 });
  expect(await standby.ask(name(1))).toMatchObject({ ...damaged, fatal: false });
  expect(await standby.ask(name(2))).toEqual({ outcome: 'restored' });
});

test('nothing is written outside of the data directory', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  await put(archive, name(1), 'x');
  const { restorer } = await aRestorer(archive);
  expect(await restorer.restore(name(1), '/tmp/hwx-elsewhere', signal())).toMatchObject({ outcome: 'failed' });
  expect(await restorer.restore('../../etc/passwd', 'pg_wal/x', signal())).toEqual({ outcome: 'absent' });
});

test('that a file is not on the history is said once, however often PostgreSQL asks for it', async () => {
  const said: unknown[] = [];
  const log = { ...silent, info: (told: unknown) => said.push(told) } as unknown as RestorerDeps['log'];
  const { ask } = await aRestorer(undefined, { log, history: () => Promise.resolve(parseHistory(1, '')) });
  for (let time = 0; time < 3; time++) expect(await ask('00000002.history')).toEqual({ outcome: 'absent' });
  expect(said).toEqual([{ wal: '00000002.history', timeline: 1 }]);
});
