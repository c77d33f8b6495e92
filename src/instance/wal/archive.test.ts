import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { ownerMarkerKey, walKey } from '../../objectstore/layout.ts';
import type { ObjectStore } from '../../objectstore/port.ts';
import { type TimelineHistory, parseHistory } from '../../postgres/timeline.ts';
import { alwaysPrimary, anOwner, archivingPostgres, shipHere, silent, testArchive } from '../recovery/testing.ts';
import type { Archive } from './archive-source.ts';
import { Archiver, type ArchiverDeps } from './archive.ts';
import type { ArchiveOwnerDeps } from './archive-owner.ts';
import { checkArchives } from './archive-check.ts';
import type { ArchivingState } from './condition.ts';

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

const name = (index: number): string => `0000000100000000000000${index.toString(16).toUpperCase().padStart(2, '0')}`;
const signal = (): AbortSignal => AbortSignal.timeout(30_000);

interface Fixture {
  readonly archiver: Archiver;
  readonly states: ArchivingState[];
  readonly alarms: string[];
  readonly data: string;
  put(file: string, content: string, ready?: boolean): Promise<void>;
  archive(file: string): ReturnType<Archiver['archive']>;
}

async function anArchiver(
  archive: Archive | undefined,
  change: Partial<ArchiverDeps> = {},
  owner: Partial<ArchiveOwnerDeps> = {},
): Promise<Fixture> {
  const data = await mkdtemp(path.join(os.tmpdir(), 'hww-'));
  directories.push(data);
  await mkdir(`${data}/pg_wal/archive_status`, { recursive: true });
  const states: ArchivingState[] = [];
  const alarms: string[] = [];
  const archiver = new Archiver({
    dataDirectory: data,
    source: { get: () => Promise.resolve(archive), invalidate: () => undefined },
    ...alwaysPrimary,
    systemIdentifier: () => Promise.resolve('7'),
    history: () => Promise.resolve(undefined),
    segmentSize: () => Promise.resolve(16 << 20),
    ...{ owner: anOwner(change.dataDirectory ?? data, owner), alarm: (message) => void alarms.push(message) },
    ship: shipHere(() => Promise.resolve(archive)),
    reporter: { report: (state) => void states.push(state) },
    log: silent,
    signal: signal(),
    ...change,
  });
  return {
    ...{ archiver, states, alarms, data },
    async put(file, content, ready = false) {
      await writeFile(`${data}/pg_wal/${file}`, content);
      if (ready) await writeFile(`${data}/pg_wal/archive_status/${file}.ready`, '');
    },
    archive: (file) => archiver.archive(`${data}/pg_wal/${file}`, signal()),
  };
}

async function names(archive: Archive): Promise<string[]> {
  const keys: string[] = [];
  for await (const entry of archive.store.list('p/one/wals/'))
    if (entry.kind === 'object') keys.push(entry.key.slice(11));
  return keys;
}

test('PostgreSQL archives segments and goes on after the store was away', async () => {
  await using store = await testArchive();
  const gzip = { compression: 'gzip', attributes: {}, maxParallel: 4 } as const;
  const archive = await store.open('one', { wal: gzip });
  const credentials = { accessKeyId: 'test', secretAccessKey: 'wrong' };
  const refused = await store.open('one', { wal: gzip, s3: { ...archive.config.s3, credentials } });
  let current = archive;
  await using pg = await archivingPostgres(() => Promise.resolve(current), { major: 18 });
  const first = await pg.switchAndWait();
  expect(pg.states.at(-1)).toEqual({ state: 'working' });
  current = refused;
  await pg.server.query('SELECT txid_current()');
  await pg.server.query('SELECT pg_switch_wal()');
  for (let tries = 0; pg.states.at(-1)?.state !== 'failing' && tries < 200; tries += 1)
    await new Promise((r) => setTimeout(r, 20));
  expect(pg.states.at(-1)).toMatchObject({
    state: 'failing',
    message: expect.stringContaining('SignatureDoesNotMatch'),
  });
  expect(JSON.stringify(pg.states)).not.toContain('wrong');
  current = archive;
  const last = await pg.switchAndWait();
  const stored = await names(archive);
  expect(stored).toContain(`0000000100000000/${first}.gz`);
  expect(stored).toContain(`0000000100000000/${last}.gz`);
  expect(pg.archiver.stats).toMatchObject({ lastArchivedWal: last, lastError: expect.stringContaining('Signature') });
});

test('segments of 1 MiB and of 64 MiB go the same way', async () => {
  await using store = await testArchive();
  for (const size of [1, 64]) {
    const archive = await store.open(`s${size}`);
    await using pg = await archivingPostgres(() => Promise.resolve(archive), {
      major: 18,
      initdb: [`--wal-segsize=${size}`],
    });
    const last = await pg.switchAndWait();
    const head = await archive.store.head(walKey(archive.config.location, last, 'none'));
    expect(head?.size).toBe(size << 20);
  }
});

test('the same file again is a success, another one of that name an alarm that overwrites nothing', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  const mine = await anArchiver(archive);
  await mine.put(name(1), 'a');
  expect(await mine.archive(name(1))).toEqual({ outcome: 'archived' });
  expect(await mine.archive(name(1))).toEqual({ outcome: 'archived' });
  const theirs = await anArchiver(archive);
  await theirs.put(name(1), 'b');
  const outcome = await theirs.archive(name(1));
  expect(outcome).toMatchObject({ outcome: 'failed', message: expect.stringContaining('different content') });
  expect(theirs.states.at(-1)?.state).toBe('failing');
  expect(theirs.alarms).toEqual([expect.stringContaining('different content')]);
  const kept = await archive.store.get(walKey(archive.config.location, name(1), 'none'));
  for await (const chunk of kept?.body ?? []) expect(String(chunk)).toBe('a');
});

test('fillers for timelines that nobody took are archived, the first one wins, and a history of strangers is not', async () => {
  await using store = await testArchive();
  const archive = await store.open('one', { wal: { compression: 'none', attributes: {}, maxParallel: 4 } });
  const history: TimelineHistory = parseHistory(4, '1\t0/5000148\tx\n');
  const fixture = await anArchiver(archive, { history: () => Promise.resolve(history) });
  await fixture.put('00000002.history', '1\t0/5000148\tepoch 2 not promoted\n');
  await fixture.put('00000003.history', '1\t0/4000000\tno recovery target specified\n');
  expect((await fixture.archive('00000002.history')).outcome).toBe('archived');
  expect((await fixture.archive('00000003.history')).outcome).toBe('skipped');
  await fixture.put('00000002.history', '1\t0/6000000\tepoch 2 not promoted\n');
  expect((await fixture.archive('00000002.history')).outcome).toBe('archived');
  expect(fixture.states.at(-1)).toEqual({ state: 'working' });
  expect((await names(archive)).filter((key) => key.includes('.history'))).toEqual(['00000002.history']);
});

test('equality is decided by the plain bytes, also where Barman noted no digest', async () => {
  await using store = await testArchive();
  const archive = await store.open('one', { wal: { compression: 'gzip', attributes: {}, maxParallel: 1 } });
  const mine = await anArchiver(archive);
  const { gzipSync } = await import('node:zlib');
  await archive.store.put(walKey(archive.config.location, name(1), 'gzip'), gzipSync(Buffer.from('a'), { level: 9 }));
  await mine.put(name(1), 'a');
  expect(await mine.archive(name(1))).toEqual({ outcome: 'archived' });
  await mine.put(name(1), 'b');
  expect(await mine.archive(name(1))).toMatchObject({ outcome: 'failed' });
});

test('what is ready goes ahead of being asked for, no more at once than allowed', async () => {
  await using store = await testArchive();
  const archive = await store.open('one', { wal: { compression: 'none', attributes: {}, maxParallel: 3 } });
  const sent: string[] = [];
  let running = 0;
  let most = 0;
  const slow: ObjectStore = {
    ...archive.store,
    async put(key, body, options) {
      if (!key.includes('/wals/')) return archive.store.put(key, body, options);
      sent.push(key);
      most = Math.max(most, (running += 1));
      await new Promise((resolve) => setTimeout(resolve, 30));
      running -= 1;
      return archive.store.put(key, body, options);
    },
  };
  const mine = await anArchiver({ ...archive, store: slow });
  await mine.put('00000002.history', '1\t0/1\tx\n', true);
  for (let index = 1; index <= 6; index += 1) await mine.put(name(index), `${index}`, true);
  expect(await mine.archive(name(1))).toEqual({ outcome: 'archived' });
  for (let tries = 0; (await names(archive)).length < 3 && tries < 100; tries += 1)
    await new Promise((r) => setTimeout(r, 10));
  expect(await names(archive)).toEqual(
    [`0000000100000000/${name(1)}`, `0000000100000000/${name(2)}`, '00000002.history'].sort(),
  );
  expect(most).toBe(3);
  // What was shipped ahead is not sent once more.
  expect(await mine.archive(name(2))).toEqual({ outcome: 'archived' });
  expect(sent.filter((key) => key.endsWith(name(2)))).toHaveLength(1);
  // Nor is what PostgreSQL was told of and has not noted yet.
  for (let index = 3; index <= 6; index += 1) expect(await mine.archive(name(index))).toEqual({ outcome: 'archived' });
  await mine.archive('00000002.history');
  expect(sent.filter((key) => key.includes('/0000000100000000/'))).toHaveLength(6);
});

test('a new database refuses an archive with WAL in it, and recognizes its own claim', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  const first = await anArchiver(archive);
  await writeFile(`${first.data}/.check-empty-wal-archive`, '');
  await first.put(name(1), 'a');
  // The answer to the claim is lost: the manager dies after the marker was stored.
  const dying: ObjectStore = {
    ...archive.store,
    put: async (...args) => {
      await archive.store.put(...args);
      throw new Error('killed');
    },
  };
  const killed = await anArchiver({ ...archive, store: dying }, { dataDirectory: first.data });
  expect(await killed.archiver.archive(`${first.data}/pg_wal/${name(1)}`, signal())).toMatchObject({
    outcome: 'failed',
  });
  expect(await first.archive(name(1))).toEqual({ outcome: 'archived' });
  expect(await readdir(first.data)).not.toContain('.check-empty-wal-archive');
  const marker = await archive.store.get(ownerMarkerKey(archive.config.location));
  for await (const chunk of marker?.body ?? [])
    expect(JSON.parse(String(chunk))).toMatchObject({ systemIdentifier: '7' });

  const second = await anArchiver(archive);
  await writeFile(`${second.data}/.check-empty-wal-archive`, '');
  await second.put(name(2), 'b');
  expect(await second.archive(name(2))).toMatchObject({
    outcome: 'failed',
    message: expect.stringContaining('Expected empty archive'),
  });
  const skipping = await anArchiver(archive, { dataDirectory: second.data }, { skipEmptyCheck: () => true });
  expect(await skipping.archiver.archive(`${second.data}/pg_wal/${name(2)}`, signal())).toEqual({
    outcome: 'archived',
  });

  const stranger = await anArchiver(archive, {}, { systemIdentifier: () => Promise.resolve('8') });
  await stranger.put(name(3), 'c');
  expect(await stranger.archive(name(3))).toMatchObject({
    outcome: 'failed',
    message: expect.stringContaining('belongs to the database'),
  });
  expect(await readFile(`${stranger.data}/pg_wal/${name(3)}`, 'utf8')).toBe('c');
});

test.each<[string, Partial<ArchiverDeps>, string, object]>([
  [
    'not the primary',
    { role: () => 'unknown' },
    name(1),
    { outcome: 'failed', message: 'this instance is not the primary' },
  ],
  ['not a WAL file', {}, 'postgresql.conf', { outcome: 'failed' }],
  ['a segment past the fork', { history: () => Promise.resolve(forked()) }, name(5), { outcome: 'skipped' }],
  ['a segment before the fork', { history: () => Promise.resolve(forked()) }, name(4), { outcome: 'archived' }],
  ['a segment that is gone', {}, name(9), { outcome: 'failed', message: expect.stringContaining('ENOENT') }],
])('%s', async (_, change, file, expected) => {
  await using store = await testArchive();
  const archive = await store.open('one');
  const mine = await anArchiver(archive, change);
  for (const one of [1, 4, 5]) await mine.put(name(one), 'x');
  expect(await mine.archive(file)).toMatchObject(expected);
});

const forked = (): TimelineHistory => parseHistory(2, '1\t0/5000148\tx\n');

test('without an archive PostgreSQL goes on, and the condition says that nothing is kept', async () => {
  const mine = await anArchiver(undefined);
  await mine.put(name(1), 'a');
  expect(await mine.archive(name(1))).toMatchObject({ outcome: 'skipped' });
  expect(mine.states).toEqual([{ state: 'not-configured' }]);
});

test('a bucket that is not there and a store that does not answer are named', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  const { s3 } = archive.config;
  const elsewhere = await store.open('one', { s3: { ...s3, bucket: 'nowhere' } });
  const away = await store.open('one', { s3: { ...s3, endpoint: 'http://127.0.0.1:1', attempts: 1 } });
  for (const [broken, message] of [
    [elsewhere, 'nowhere'],
    [away, 'http://127.0.0.1:1'],
  ] as const) {
    const mine = await anArchiver(broken);
    await mine.put(name(1), 'a');
    expect(await mine.archive(name(1))).toMatchObject({ outcome: 'failed', message: expect.stringContaining(message) });
  }
});

test('an archive is tried before there is WAL for it: what is wrong is said, and that it works once it does', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  let current: () => Promise<Archive> = () => Promise.reject(new Error('Secret "keys": the Secret does not exist'));
  const mine = await anArchiver(archive, { source: { get: () => current(), invalidate: () => undefined } });
  const life = new AbortController();
  const section = { section: { destinationPath: 's3://p/' }, field: 'f', defaultServer: 'one' };
  const checking = checkArchives(
    {
      archiver: mine.archiver,
      section: () => section,
      isPrimary: () => true,
      log: silent,
      pauseMs: { idle: 5, failed: 5 },
    },
    life.signal,
  );
  const until = async (wanted: ArchivingState): Promise<void> => {
    for (const deadline = Date.now() + 30_000; Date.now() < deadline && mine.states.at(-1)?.state !== wanted.state;)
      await new Promise((r) => setTimeout(r, 10));
    expect(mine.states.at(-1)).toEqual(wanted);
  };
  await until({ state: 'failing', message: 'Secret "keys": the Secret does not exist' });
  current = () => Promise.resolve(archive);
  await until({ state: 'working' });
  const told = mine.states.length;
  await new Promise((r) => setTimeout(r, 50));
  expect(mine.states).toHaveLength(told);
  life.abort();
  await checking;
});

test('what waits for the archive is not called working by a look at the archive', async () => {
  await using store = await testArchive();
  const mine = await anArchiver(await store.open('one'));
  await mine.put(name(1), 'a', true);
  expect(await mine.archiver.check(signal())).toBe(true);
  expect(mine.states).toEqual([]);
});

const writer = (epoch: number, instance: string) => ({ writer: () => ({ epoch, instance }) });
const markerOf = async ({ store, config }: Archive): Promise<unknown> => {
  const found = await store.get(ownerMarkerKey(config.location));
  for await (const chunk of found?.body ?? []) return JSON.parse(String(chunk)) as unknown;
  return undefined;
};

test('the marker carries the epoch of who writes; a writer of a lower one is refused and alarms, and writes nothing', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  const old = await anArchiver(archive, {}, writer(3, 'c-1'));
  await writeFile(`${old.data}/.check-empty-wal-archive`, '');
  for (const one of [1, 2]) await old.put(name(one), 'a');
  expect(await old.archive(name(1))).toEqual({ outcome: 'archived' });
  expect(await markerOf(archive)).toMatchObject({ systemIdentifier: '7', epoch: 3, instance: 'c-1' });
  const { claim } = (await markerOf(archive)) as { claim: string };

  const next = await anArchiver(archive, {}, writer(5, 'c-2'));
  await next.put(name(3), 'b');
  expect(await next.archive(name(3))).toEqual({ outcome: 'archived' });
  expect(await markerOf(archive)).toEqual({ systemIdentifier: '7', claim, epoch: 5, instance: 'c-2' });

  expect(await old.archive(name(2))).toMatchObject({
    outcome: 'failed',
    message: expect.stringContaining('is written by "c-2" in epoch 5, and "c-1" leads epoch 3'),
  });
  expect(old.alarms).toHaveLength(1);
  expect(old.states.at(-1)?.state).toBe('failing');
  await old.put(name(4), 'a', true);
  await old.archiver.tend(signal());
  expect(await names(archive)).toEqual([name(1), name(3)].map((one) => `0000000100000000/${one}`));
  expect(await markerOf(archive)).toMatchObject({ epoch: 5 });
});

test('two that lead one epoch: the second one is refused; whoever is being stopped says nothing of its successor', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  const first = await anArchiver(archive, {}, writer(4, 'c-1'));
  const second = await anArchiver(archive, { timeLeft: () => 60_000 }, writer(4, 'c-2'));
  await first.put(name(1), 'a');
  await second.put(name(2), 'a');
  expect(await first.archive(name(1))).toEqual({ outcome: 'archived' });
  expect(await second.archive(name(2))).toMatchObject({ outcome: 'given-up' });
  expect([second.states, second.alarms]).toEqual([[], []]);
  const forced = await anArchiver(archive, {}, { ...writer(4, 'c-2'), skipEmptyCheck: () => true });
  await forced.put(name(2), 'a');
  expect(await forced.archive(name(2))).toEqual({ outcome: 'archived' });
});

test('rule 7: a standby knows the epoch of its archive, and believes neither strangers nor nonsense', async () => {
  await using store = await testArchive();
  for (const [server, marker, epoch] of [
    ['ours', { systemIdentifier: '7', claim: '', epoch: 9, instance: 'c-3' }, 9],
    ['theirs', { systemIdentifier: '8', claim: '', epoch: 9, instance: 'd-1' }, undefined],
    ['nonsense', { systemIdentifier: '7', claim: '', epoch: 4294967295 }, undefined],
    ['before epochs', { systemIdentifier: '7', claim: '' }, undefined],
    ['nobody', undefined, undefined],
  ] as const) {
    const archive = await store.open(server);
    if (marker)
      await archive.store.put(ownerMarkerKey(archive.config.location), Buffer.from(JSON.stringify(marker)), {});
    const owner = anOwner('/nowhere');
    await owner.look(archive, signal());
    expect([server, owner.epoch]).toEqual([server, epoch]);
    expect(await markerOf(archive)).toEqual(marker);
  }
});
