import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { walDirectory, walKey } from '../../objectstore/layout.ts';
import type { ObjectStore } from '../../objectstore/port.ts';
import { type TimelineHistory, firstTimeline, parseHistory } from '../../postgres/timeline.ts';
import { alwaysPrimary, anOwner, shipHere, silent, testArchive } from '../recovery/testing.ts';
import type { Archive } from './archive-source.ts';
import { Archiver, type ArchiverDeps } from './archive.ts';
import { StandbyArchive, type StandbyArchiveDeps } from './standby-archive.ts';

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});
const name = (index: number, timeline = 1): string =>
  `0000000${timeline}00000000000000${index.toString(16).toUpperCase().padStart(2, '0')}`;
const signal = (): AbortSignal => AbortSignal.timeout(30_000);

async function aStandby(archive: Archive | undefined, change: Partial<StandbyArchiveDeps> = {}) {
  const data = await mkdtemp(path.join(os.tmpdir(), 'hwy-'));
  directories.push(data);
  await mkdir(`${data}/pg_wal/archive_status`, { recursive: true });
  const standby = new StandbyArchive({
    source: { get: () => Promise.resolve(archive) },
    history: () => Promise.resolve(undefined),
    segmentSize: () => Promise.resolve(16 << 20),
    isStandby: () => true,
    log: silent,
    onReleased: () => undefined,
    patience: 0,
    ...change,
  });
  return { data, standby, ask: (file: string) => standby.confirm(`${data}/pg_wal/${file}`, signal()) };
}

const store = (archive: Archive, file: string, content = 'x') =>
  archive.store.put(walKey(archive.config.location, file, 'gzip'), Buffer.from(content));

test('a segment is done when the archive holds it, whatever its compression, and one look tells of many', async () => {
  await using archives = await testArchive();
  const archive = await archives.open('one');
  for (const index of [1, 2, 3]) await store(archive, name(index));
  let lists = 0;
  const counted: ObjectStore = {
    ...archive.store,
    list: (...args) => {
      lists += 1;
      return archive.store.list(...args);
    },
  };
  const { ask } = await aStandby({ ...archive, store: counted });
  for (const index of [1, 2, 3]) expect(await ask(name(index))).toEqual({ outcome: 'archived' });
  expect(lists).toBe(1);
  expect(await ask(name(4))).toMatchObject({ outcome: 'failed' });
  await store(archive, name(4));
  expect(await ask(name(4))).toEqual({ outcome: 'archived' });
});

test('what nobody will ship is not waited for', async () => {
  await using archives = await testArchive();
  const archive = await archives.open('one');
  const { ask } = await aStandby(archive, { history: () => Promise.resolve(parseHistory(2, '1\t0/5000148\tx\n')) });
  expect(await ask(name(5))).toMatchObject({ outcome: 'skipped' });
  expect(await ask(name(4))).toMatchObject({ outcome: 'failed' });
  expect(await ask('00000002.history')).toMatchObject({ outcome: 'skipped' });
  expect(await (await aStandby(undefined)).ask(name(1))).toMatchObject({ outcome: 'skipped' });
});

test('the first segment after a promotion that nobody has noticed yet is not let go', async () => {
  await using archives = await testArchive();
  const archive = await archives.open('one');
  let standing = true;
  const { ask } = await aStandby(archive, {
    history: () => Promise.resolve(firstTimeline),
    isStandby: () => standing,
    patience: 60_000,
  });
  const asked = ask(name(5, 2));
  await new Promise((resolve) => setTimeout(resolve, 400));
  standing = false;
  expect(await asked).toBeUndefined();
});

test('what a promotion left incomplete is not let go while nobody has noticed it yet, and of another life it is', async () => {
  await using archives = await testArchive();
  const archive = await archives.open('one');
  const partial = `${name(4)}.partial`;
  let standing = true;
  let known: TimelineHistory | undefined;
  const { data, ask } = await aStandby(archive, {
    history: () => Promise.resolve(known),
    isStandby: () => standing,
  });
  expect(await ask(partial)).toMatchObject({ outcome: 'failed' });
  known = firstTimeline;
  expect(await ask(partial)).toMatchObject({ outcome: 'skipped' });
  await writeFile(`${data}/pg_wal/00000002.history`, '1\t0/4000148\tno recovery target specified\n');
  expect(await ask(partial)).toMatchObject({ outcome: 'failed' });
  standing = false;
  expect(await ask(partial)).toBeUndefined();
  standing = true;
  known = parseHistory(2, '1\t0/4000148\tx\n');
  expect(await ask(partial)).toMatchObject({ outcome: 'skipped' });
});

test('a store that does not answer is no answer', async () => {
  await using archives = await testArchive();
  const archive = await archives.open('one');
  const away = await archives.open('one', {
    s3: { ...archive.config.s3, endpoint: 'http://127.0.0.1:1', attempts: 1 },
  });
  expect(await (await aStandby(away)).ask(name(1))).toMatchObject({ outcome: 'failed' });
});

test('a standby that waits ships what it kept as soon as it is the primary', async () => {
  await using archives = await testArchive();
  const archive = await archives.open('one');
  let role: ReturnType<ArchiverDeps['role']> = 'standby';
  const { data, standby } = await aStandby(archive, { isStandby: () => role === 'standby', patience: 60_000 });
  const archiver = new Archiver({
    ...alwaysPrimary,
    dataDirectory: data,
    source: { get: () => Promise.resolve(archive), invalidate: () => undefined },
    role: () => role,
    standby,
    systemIdentifier: () => Promise.resolve('7'),
    history: () => Promise.resolve(parseHistory(3, '1\t0/5000148\tx\n2\t0/5000148\tepoch 2 not promoted\n')),
    segmentSize: () => Promise.resolve(16 << 20),
    ...{ owner: anOwner(data), alarm: () => undefined },
    ship: shipHere(() => Promise.resolve(archive)),
    reporter: { report: () => undefined },
    log: silent,
    signal: signal(),
  });
  await writeFile(`${data}/pg_wal/${name(4)}`, 'kept');
  await writeFile(`${data}/pg_wal/archive_status/${name(3)}.ready`, '');
  await writeFile(`${data}/pg_wal/${name(3)}`, 'kept, too');
  const asked = archiver.archive(`${data}/pg_wal/${name(4)}`, signal());
  await new Promise((resolve) => setTimeout(resolve, 400));
  role = 'primary';
  expect(await asked).toEqual({ outcome: 'archived' });

  // Without being asked: all histories, the one that only fills a number among them, and what is ready.
  await writeFile(`${data}/pg_wal/00000002.history`, '1\t0/5000148\tepoch 2 not promoted\n');
  await writeFile(`${data}/pg_wal/00000003.history`, '1\t0/5000148\tx\n');
  await archive.store.put(`${walDirectory(archive.config.location)}00000002.history`, Buffer.from('another filler'));
  await archiver.tend(signal());
  const held = async (): Promise<string[]> => {
    const keys: string[] = [];
    for await (const entry of archive.store.list(walDirectory(archive.config.location)))
      if (entry.kind === 'object') keys.push(entry.key.slice(entry.key.lastIndexOf('/') + 1));
    return keys.sort();
  };
  for (const deadline = Date.now() + 20_000; (await held()).length < 4 && Date.now() < deadline;)
    await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await held()).toEqual([name(3), name(4), '00000002.history', '00000003.history'].sort());
});

test('a shutdown is not held up by an archive that does not answer', async () => {
  await using archives = await testArchive();
  const archive = await archives.open('one');
  const { data, standby } = await aStandby(archive);
  let left: number | undefined;
  const uploads: (() => void)[] = [];
  const underWay = async (count: number): Promise<void> => {
    while (uploads.length < count) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const archiver = new Archiver({
    ...alwaysPrimary,
    dataDirectory: data,
    source: { get: () => Promise.resolve(archive), invalidate: () => undefined },
    standby,
    timeLeft: () => left,
    systemIdentifier: () => Promise.resolve('7'),
    history: () => Promise.resolve(undefined),
    segmentSize: () => Promise.resolve(16 << 20),
    ...{ owner: anOwner(data), alarm: () => undefined },
    ship: () => new Promise((_, reject) => uploads.push(() => reject(new Error('the store is away')))),
    reporter: { report: () => undefined },
    log: silent,
    signal: signal(),
  });
  await writeFile(`${data}/pg_wal/${name(1)}`, 'x');
  const asked = archiver.archive(`${data}/pg_wal/${name(1)}`, signal());
  await underWay(1);
  left = 0;
  expect(await asked).toMatchObject({ outcome: 'given-up' });
  uploads[0]?.();
  left = 1000;
  const failing = archiver.archive(`${data}/pg_wal/${name(1)}`, signal());
  await underWay(2);
  uploads[1]?.();
  expect(await failing).toMatchObject({ outcome: 'given-up', message: 'the store is away' });
});
