import { spawnSync } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { walKey } from '../../objectstore/layout.ts';
import { type Major, temporaryPostgres } from '../../testing/postgres.ts';
import { aRestore, backUp } from './testing-restore.ts';
import { archivingPostgres, testArchive } from './testing.ts';

const hash = "SELECT count(*)::int AS n, md5(string_agg(i::text, ',' ORDER BY i)) AS h FROM t";
const now = 'SELECT clock_timestamp()::text AS now';

/** A backup and two segments after it, each with a row. */
async function backedUpSegments() {
  await using made = new AsyncDisposableStack();
  const archive = made.use(await testArchive());
  const origin = await archive.open('one');
  const pg = made.use(await archivingPostgres(() => Promise.resolve(origin), { major: 18 }));
  await pg.server.query('CREATE TABLE t AS SELECT 1 AS i');
  await backUp(pg, origin);
  await pg.server.query('INSERT INTO t VALUES (2)');
  const missing = await pg.switchAndWait();
  await pg.server.query('INSERT INTO t VALUES (3)');
  const last = await pg.switchAndWait();
  const kept = made.move();
  return { origin, pg, missing, last, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

test.each<Major>([15, 18])('PostgreSQL %i comes back as it was at a time, and goes on', async (major) => {
  await using archive = await testArchive();
  const origin = await archive.open('one', {
    data: { compression: 'gzip', attributes: {}, jobs: 2, immediateCheckpoint: true },
  });
  await using pg = await archivingPostgres(() => Promise.resolve(origin), { major });
  await pg.server.query('CREATE TABLE t AS SELECT generate_series(1, 1000) AS i');
  await backUp(pg, origin);
  await pg.server.query('INSERT INTO t SELECT generate_series(1001, 2000)');
  const [expected] = await pg.server.query(hash);
  const [moment] = await pg.server.query<{ now: string }>(now);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await pg.server.query('DROP TABLE t');
  await pg.switchAndWait();

  await using restore = await aRestore({ major, origin, target: { targetTime: moment?.now ?? '' } });
  const result = await restore.run();
  expect(result).toMatchObject({ timeline: 2 });
  expect(await readdir(restore.data)).toContain('.check-empty-wal-archive');
  expect(await readdir(restore.data)).not.toContain('recovery.signal');
  expect(await restore.run()).toBe('present');

  const settings = { archive_mode: 'off' };
  await using server = await temporaryPostgres({ major, dataDirectory: restore.data, settings });
  expect(await server.query(hash)).toEqual([expected]);
  const [owner] = await server.query("SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = 'app'");
  expect(owner).toEqual({ owner: 'app owner' });
  await server.query('INSERT INTO t VALUES (0)');
});

test('segments of 64 MiB are restored, too', async () => {
  await using archive = await testArchive();
  const origin = await archive.open('one');
  await using pg = await archivingPostgres(() => Promise.resolve(origin), {
    major: 18,
    initdb: ['--wal-segsize=64'],
    settings: { min_wal_size: '128MB' },
  });
  await pg.server.query('CREATE TABLE t AS SELECT 1 AS i');
  await backUp(pg, origin);
  await pg.server.query('INSERT INTO t VALUES (2)');
  await pg.switchAndWait();
  await using restore = await aRestore({ major: 18, origin, target: {} });
  expect(await restore.run()).toMatchObject({ timeline: 2 });
  const settings = { archive_mode: 'off', min_wal_size: '128MB' };
  await using server = await temporaryPostgres({ major: 18, dataDirectory: restore.data, settings });
  expect(await server.query('SELECT i FROM t ORDER BY i')).toEqual([{ i: 1 }, { i: 2 }]);
});

test('a target that the archive does not reach is an error that says so', async () => {
  await using archive = await testArchive();
  const origin = await archive.open('one');
  await using pg = await archivingPostgres(() => Promise.resolve(origin), { major: 18 });
  await pg.server.query('CREATE TABLE t AS SELECT 1 AS i');
  await backUp(pg, origin);
  await pg.server.query('INSERT INTO t VALUES (2)');
  await pg.switchAndWait();
  await using future = await aRestore({ major: 18, origin, target: { targetTime: '2100-01-01 00:00:00' } });
  await expect(future.run()).rejects.toThrow('targetTime: 2100-01-01 00:00:00+00:00 is a time that has not come yet');
  expect(await readdir(future.root)).not.toContain('run');
  const [now] = await pg.server.query<{ now: string }>('SELECT clock_timestamp()::text AS now');
  await using late = await aRestore({ major: 18, origin, target: { targetTime: now?.now ?? '' } });
  await expect(late.run()).rejects.toThrow(
    /recovery ended before configured recovery target was reached: the target is/,
  );
  await using early = await aRestore({ major: 18, origin, target: { targetTime: '2001-01-01T00:00:00Z' } });
  await expect(early.run()).rejects.toThrow('no backup in the archive was complete before 2001-01-01');
  await using unknown = await aRestore({ major: 18, origin, target: { backupID: '20200101T000000' } });
  await expect(unknown.run()).rejects.toThrow('there is no complete backup "20200101T000000"');
  await using occupied = await aRestore({ major: 18, origin, target: {}, change: { destination: origin } });
  await expect(occupied.run()).rejects.toThrow('Expected empty archive');
});

test('a hole in the archive is found, not taken for its end', async () => {
  await using begun = await backedUpSegments();
  const { origin, missing } = begun;
  await origin.store.delete([walKey(origin.config.location, missing, 'none')]);
  await using restore = await aRestore({ major: 18, origin, target: {} });
  await expect(restore.run()).rejects.toThrow(`segment ${missing} is missing`);
});

test('a hole before the newest timeline is found, also while nothing of that one is archived; WAL of one without a history is not left out', async () => {
  await using begun = await backedUpSegments();
  const { pg, origin, missing, last } = begun;
  const [fork] = await pg.server.query<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn');
  const put = (name: string, content: string) =>
    origin.store.put(walKey(origin.config.location, name, 'none'), Buffer.from(content));
  await put('00000002.history', `1\t${fork?.lsn}\tno recovery target specified\n`);
  await origin.store.delete([walKey(origin.config.location, missing, 'none')]);
  await using restore = await aRestore({ major: 18, origin, target: {} });
  await expect(restore.run()).rejects.toThrow(`the archive goes on to ${last}; segment ${missing} is missing`);
  const [moment] = await pg.server.query<{ now: string }>(now);
  await using late = await aRestore({ major: 18, origin, target: { targetTime: moment?.now ?? '' } });
  await expect(late.run()).rejects.toThrow(`WAL segment ${missing} is missing in the archive`);

  await put(`00000003${last.slice(8)}`, 'of timeline 3');
  await using ahead = await aRestore({ major: 18, origin, target: {} });
  await expect(ahead.run()).rejects.toThrow(
    'the archive holds WAL of timeline 3 and not its history; spec.bootstrap.recovery.recoveryTarget.targetTLI can be 2, 1',
  );
});

test('a restore that is cut off at any moment is taken up again', async () => {
  await using archive = await testArchive();
  const origin = await archive.open('one');
  await using pg = await archivingPostgres(() => Promise.resolve(origin), { major: 18 });
  await pg.server.query('CREATE TABLE t AS SELECT generate_series(1, 300000) AS i');
  await backUp(pg, origin);
  await pg.server.query('INSERT INTO t SELECT generate_series(1, 100000)');
  const [expected] = await pg.server.query(hash);
  await pg.switchAndWait();
  await using restore = await aRestore({ major: 18, origin, target: {} });
  const cut = async (when: () => Promise<boolean>): Promise<void> => {
    const controller = new AbortController();
    const first = restore.run(controller.signal);
    void (async () => {
      while (!(await when().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 1));
      controller.abort(new Error('cut off'));
    })();
    await expect(first).rejects.toThrow('cut off');
  };
  await cut(async () => (await readdir(`${restore.data}.staging/base`)).length > 0);
  await expect(stat(restore.data)).rejects.toThrow('ENOENT');
  await cut(async () => (await stat(`${restore.data}/postmaster.pid`)).size > 0);
  await expect(restore.run()).resolves.toMatchObject({ timeline: 2 });
  await using server = await temporaryPostgres({
    major: 18,
    dataDirectory: restore.data,
    settings: { archive_mode: 'off' },
  });
  expect(await server.query(hash)).toEqual([expected]);
  const processes = spawnSync('pgrep', ['-f', restore.root]).stdout.toString().trim().split('\n').filter(Boolean);
  expect(processes).toEqual([String(server.pid)]);
});

test('an archive that refuses us ends recovery, and says why', async () => {
  await using archive = await testArchive();
  const origin = await archive.open('one');
  await using pg = await archivingPostgres(() => Promise.resolve(origin), { major: 18 });
  await backUp(pg, origin);
  await using restore = await aRestore({ major: 18, origin, target: {} });
  const credentials = { accessKeyId: 'test', secretAccessKey: 'wrong' };
  const refused = await archive.open('one', { s3: { ...origin.config.s3, credentials } });
  await using denied = await aRestore({ major: 18, origin: refused, target: {} });
  await expect(denied.run()).rejects.toThrow('SignatureDoesNotMatch');
  let calls = 0;
  const store = {
    ...origin.store,
    get: (...args: Parameters<typeof origin.store.get>) =>
      args[0].includes('/wals/') && ++calls > 1 ? refused.store.get(...args) : origin.store.get(...args),
  };
  await using broken = await aRestore({ major: 18, origin: { ...origin, store }, target: {} });
  await expect(broken.run()).rejects.toThrow(/could not restore file .*SignatureDoesNotMatch/);
  await expect(restore.run()).resolves.toMatchObject({ timeline: 2 });
});
