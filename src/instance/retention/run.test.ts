import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { renderBackupInfo } from '../../objectstore/backup-info.ts';
import { backupId, backupInfoKey, dataKey, walKey } from '../../objectstore/layout.ts';
import { formatLsn } from '../../postgres/lsn.ts';
import type { TimelineHistory } from '../../postgres/timeline.ts';
import { segmentName } from '../../postgres/wal-name.ts';
import { type TestArchive, silent, testArchive } from '../recovery/testing.ts';
import type { Archive } from '../wal/archive-source.ts';
import { BackupGoneError, holdBackup } from '../holds/holds.ts';
import { readJournal } from '../holds/journal.ts';
import { type RetentionRun, runRetention } from './run.ts';

let store: TestArchive;
beforeAll(async () => {
  store = await testArchive();
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
});

const size = 16 << 20;
const signal = AbortSignal.timeout(120_000);
const one: TimelineHistory = { timeline: 1, switches: [] };
const systemIdentifier = '42';

async function keysOf(archive: Archive, directory = ''): Promise<string[]> {
  const { prefix, server } = archive.config.location;
  const root = `${prefix}/${server}/${directory}`;
  const keys: string[] = [];
  for await (const entry of archive.store.list(root))
    if (entry.kind === 'object') keys.push(entry.key.slice(root.length));
  return keys;
}

/** An archive with `count` daily backups, the newest of today; backup n begins in segment 10 n. */
async function anArchive(name: string, count = 4) {
  const archive = await store.open(name);
  const { location } = archive.config;
  const ids: string[] = [];
  for (let n = 1; n <= count; n++) {
    const endTime = new Date(Date.now() - (count - n) * 86_400_000);
    const id = backupId(endTime);
    ids.push(id);
    const info = {
      status: 'DONE' as const,
      systemId: systemIdentifier,
      timeline: 1,
      beginTime: endTime,
      endTime,
      beginXlog: formatLsn(BigInt(10 * n * size + 40)),
      endXlog: formatLsn(BigInt((10 * n + 1) * size)),
      walSegmentSize: size,
    };
    await archive.store.put(backupInfoKey(location, id), Buffer.from(renderBackupInfo(info)));
    await archive.store.put(dataKey(location, id, 'gzip'), Buffer.from('data'));
  }
  for (let segment = 10; segment <= 10 * count + 5; segment += 5) {
    await archive.store.put(walKey(location, segmentName(1, BigInt(segment), size), 'gzip'), Buffer.from('wal'));
  }
  await archive.store.put(walKey(location, segmentName(2, 12n, size), 'none'), Buffer.from('wal'));
  await archive.store.put(walKey(location, '00000002.history', 'none'), Buffer.from('1\t0/0\t\n'));
  const forgotten: string[] = [];
  const run = (more: Partial<RetentionRun> = {}) =>
    runRetention({
      archive,
      systemIdentifier,
      policy: { count: 2 },
      dryRun: false,
      history: one,
      active: new Set(),
      forget: (gone) => Promise.resolve(void forgotten.push(...gone)),
      log: silent,
      signal,
      ...more,
    });
  return { archive, ids, run, forgotten };
}

const segments = (archive: Archive): Promise<string[]> => keysOf(archive, 'wals/');
const segment = (timeline: number, number: number): string => {
  const name = segmentName(timeline, BigInt(number), size);
  return `${name.slice(0, 16)}/${name}`;
};

test('backups go at once and their objects with them, WAL a run later; history files stay', async () => {
  const { archive, ids, run, forgotten } = await anArchive('plain');
  const first = await run();
  expect(first.removed).toEqual([ids[1], ids[0]]);
  expect(forgotten).toEqual([ids[1], ids[0]]);
  expect(first.walRemoved).toBe(0);
  expect(first.firstRecoverabilityPoint?.getTime()).toBeGreaterThan(Date.now() - 1.5 * 86_400_000);
  const base = ids.slice(2).flatMap((id) => [`${id}/backup.info`, `${id}/data.tar.gz`]);
  expect(await keysOf(archive, 'base/')).toEqual(base);
  const second = await run();
  expect(second).toMatchObject({ removed: [], walRemoved: 5 });
  expect(await segments(archive)).toEqual(
    [...[30, 35, 40, 45].map((number) => `${segment(1, number)}.gz`), '00000002.history'].sort(),
  );
  expect((await run()).walRemoved).toBe(0);
});

test('a dry run says the same and touches nothing', async () => {
  const { archive, ids, run } = await anArchive('dry');
  const before = await keysOf(archive);
  expect((await run({ dryRun: true })).removed).toEqual([ids[1], ids[0]]);
  expect(await keysOf(archive)).toEqual(before);
});

test('a restore holds its backup and the WAL from there on; one that comes too late is told', async () => {
  const { archive, ids, run } = await anArchive('held');
  const [oldest = '', second = ''] = ids;
  {
    await using _hold = await holdBackup(archive, oldest, silent, signal);
    await run();
    const { removed, walRemoved } = await run();
    expect([removed, walRemoved]).toEqual([[], 0]);
    expect(await keysOf(archive, 'howdah-holds/')).toHaveLength(1);
    await expect(holdBackup(archive, second, silent, signal)).rejects.toThrow(BackupGoneError);
  }
  expect(await keysOf(archive, 'howdah-holds/')).toEqual([]);
  expect((await run()).removed).toEqual([oldest]);
});

test('a restore that begins while retention has written its intent is either refused or spared', async () => {
  const { archive, ids, run } = await anArchive('race');
  const [oldest = ''] = ids;
  let hold: AsyncDisposable | undefined;
  let refused: unknown;
  const racing: Archive = {
    ...archive,
    store: {
      ...archive.store,
      // Just before the intent is written: the restore sees no intent, and the second look of retention sees the restore.
      async put(key, body, options) {
        if (key.endsWith('retention.json') && Buffer.isBuffer(body) && body.includes(oldest)) {
          hold ??= await holdBackup(archive, oldest, silent, signal).catch((error: unknown) => void (refused = error));
        }
        return archive.store.put(key, body, options);
      },
    },
  };
  await run({ archive: racing });
  expect(refused).toBeUndefined();
  expect(await keysOf(archive, `base/${oldest}/`)).toEqual(['backup.info', 'data.tar.gz']);
  await hold?.[Symbol.asyncDispose]();
});

test('a backup that is being taken keeps all WAL, and is not touched', async () => {
  const { archive, ids, run } = await anArchive('taking');
  const id = backupId(new Date(Date.now() + 60_000));
  await archive.store.put(dataKey(archive.config.location, `${id}`, 'none', 99), Buffer.from('half'));
  const before = await segments(archive);
  await run();
  const { plan } = await run();
  expect(plan.walKept).toContain(id);
  expect(await segments(archive)).toEqual(before);
  expect(await keysOf(archive, `base/${id}/`)).toContain('99.tar');
  expect((await keysOf(archive, 'base/')).some((key) => key.startsWith(ids[0] ?? ''))).toBe(false);
});

test("another database's backups in the same place are left alone, and so is all WAL", async () => {
  const { archive, run } = await anArchive('shared');
  const before = await keysOf(archive);
  const { removed, plan } = await run({ systemIdentifier: '43' });
  expect(removed).toEqual([]);
  expect(plan.walKept).toContain('another database');
  await run({ systemIdentifier: '43' });
  expect((await keysOf(archive)).filter((key) => !key.startsWith('howdah-'))).toEqual(before);
});

test('killed before any of its calls, the next run ends where one without interruption does', async () => {
  const whole = await anArchive('whole');
  await whole.run();
  await whole.run();
  const wanted = await keysOf(whole.archive);
  let calls = 0;
  for (let fatal = 1; ; fatal++) {
    const { archive, run, ids, forgotten } = await anArchive(`killed-${fatal}`);
    calls = 0;
    const count = (): void => {
      calls++;
      if (calls === fatal) throw new Error('killed');
    };
    const mortal: Archive = {
      ...archive,
      store: {
        ...archive.store,
        put: async (...args) => (count(), archive.store.put(...args)),
        delete: async (...args) => (count(), archive.store.delete(...args)),
      },
    };
    const died = await run({ archive: mortal }).then(
      () => false,
      () => true,
    );
    await run();
    await run();
    await run();
    expect((await keysOf(archive)).length).toBe(wanted.length);
    expect((await readJournal(archive, signal)).removing).toEqual([]);
    expect(new Set(forgotten)).toEqual(new Set(ids.slice(0, 2)));
    if (!died) break;
  }
  expect(calls).toBeGreaterThan(5);
});
