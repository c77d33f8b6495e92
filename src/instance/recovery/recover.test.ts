import { spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { walKey } from '../../objectstore/layout.ts';
import { type Major, postgresInstallation, temporaryPostgres } from '../../testing/postgres.ts';
import { runBackup } from '../backup/run-backup.ts';
import type { Archive } from '../wal/archive-source.ts';
import { Restorer } from '../wal/restore.ts';
import type { WalRestorer } from '../wal-port.ts';
import { type RecoverOptions, type Recovered, recover } from './recover.ts';
import { parseTarget, type RecoveryTargetSpec } from './target.ts';
import { type ArchivingPostgres, archivingPostgres, requestScript, silent, testArchive } from './testing.ts';
import { serveWal } from './wal-server.ts';

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

const signal = (): AbortSignal => AbortSignal.timeout(90_000);

async function backUp(pg: ArchivingPostgres, archive: Archive, abort = signal()): Promise<string> {
  const replication = { host: pg.server.socketDirectory, port: pg.server.port, user: 'postgres' };
  const { id } = await runBackup({
    archive,
    name: 'b',
    status: { phase: 'started' },
    sql: pg.server.connection(),
    replication,
    write: () => Promise.resolve(),
    walPatience: 20_000,
    log: silent,
    signal: abort,
  });
  return id;
}

interface Restore {
  readonly major: Major;
  readonly origin: Archive;
  readonly target: RecoveryTargetSpec;
  readonly change?: Partial<RecoverOptions>;
}

interface Restored {
  readonly root: string;
  readonly data: string;
  run(abort?: AbortSignal): Promise<Recovered | 'present'>;
}

async function aRestore({ major, origin, target, change }: Restore): Promise<Restored> {
  const installation = await postgresInstallation(major);
  const root = await mkdtemp(path.join(os.tmpdir(), 'hwr-'));
  await chmod(root, 0o755);
  for (const volume of ['data', 'wal', 'tablespaces']) await mkdir(`${root}/${volume}`, { mode: 0o755 });
  directories.push(root);
  const data = `${root}/data/pgdata`;
  return {
    root,
    data,
    async run(abort = signal()) {
      const restorer = new Restorer({
        dataDirectory: data,
        source: { get: () => Promise.resolve(origin), invalidate: () => undefined },
        segmentSize: () => Promise.resolve(16 << 20),
        history: () => Promise.resolve(undefined),
        onFailure: 'stop',
        patience: 1_000,
        log: silent,
        signal: abort,
      });
      const handed: WalRestorer = {
        async restore(file, place, requested) {
          const result = await restorer.restore(file, place, requested);
          // The manager runs as PostgreSQL's user; these tests may run as root.
          const { user } = installation;
          if (user && result.outcome === 'restored') await chown(place, user.uid, user.gid);
          return result;
        },
      };
      await using wal = await serveWal({ restorer: handed }, '127.0.0.1', abort);
      const script = await requestScript(root);
      return await recover({
        origin,
        skipEmptyCheck: false,
        target: parseTarget(target),
        place: { data, wal: `${root}/wal/pg_wal`, tablespaces: `${root}/tablespaces` },
        state: `${root}/data/howdah`,
        directory: `${root}/run`,
        program: () => Promise.resolve(path.join(installation.bin, 'postgres')),
        ...(installation.user && { user: installation.user }),
        restoreCommand: `HOWDAH_LOCAL_PORT=${wal.port} ${script} restore %f %p`,
        settings: { shared_buffers: '16MB', fsync: 'off' },
        application: { database: 'app', owner: 'app owner' },
        log: silent,
        signal: abort,
        ...change,
      });
    },
  };
}

const hash = "SELECT count(*)::int AS n, md5(string_agg(i::text, ',' ORDER BY i)) AS h FROM t";
const now = 'SELECT clock_timestamp()::text AS now';

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

  const restore = await aRestore({ major, origin, target: { targetTime: moment?.now ?? '' } });
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

test('a target that the archive does not reach is an error that says so', async () => {
  await using archive = await testArchive();
  const origin = await archive.open('one');
  await using pg = await archivingPostgres(() => Promise.resolve(origin), { major: 18 });
  await pg.server.query('CREATE TABLE t AS SELECT 1 AS i');
  await backUp(pg, origin);
  await pg.server.query('INSERT INTO t VALUES (2)');
  await pg.switchAndWait();
  const late = await aRestore({ major: 18, origin, target: { targetTime: '2100-01-01 00:00:00' } });
  await expect(late.run()).rejects.toThrow(
    /recovery ended before configured recovery target was reached: the target is 2100-01-01 00:00:00\+00:00/,
  );
  const early = await aRestore({ major: 18, origin, target: { targetTime: '2001-01-01T00:00:00Z' } });
  await expect(early.run()).rejects.toThrow('no backup in the archive was complete before 2001-01-01');
  const unknown = await aRestore({ major: 18, origin, target: { backupID: '20200101T000000' } });
  await expect(unknown.run()).rejects.toThrow('there is no complete backup "20200101T000000"');
  const occupied = await aRestore({ major: 18, origin, target: {}, change: { destination: origin } });
  await expect(occupied.run()).rejects.toThrow('Expected empty archive');
});

test('a hole in the archive is found, not taken for its end', async () => {
  await using archive = await testArchive();
  const origin = await archive.open('one');
  await using pg = await archivingPostgres(() => Promise.resolve(origin), { major: 18 });
  await pg.server.query('CREATE TABLE t AS SELECT 1 AS i');
  await backUp(pg, origin);
  await pg.server.query('INSERT INTO t VALUES (2)');
  const missing = await pg.switchAndWait();
  await pg.server.query('INSERT INTO t VALUES (3)');
  await pg.switchAndWait();
  await origin.store.delete([walKey(origin.config.location, missing, 'none')]);
  const restore = await aRestore({ major: 18, origin, target: {} });
  await expect(restore.run()).rejects.toThrow(`segment ${missing} is missing`);
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
  const restore = await aRestore({ major: 18, origin, target: {} });
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
  const restore = await aRestore({ major: 18, origin, target: {} });
  const credentials = { accessKeyId: 'test', secretAccessKey: 'wrong' };
  const refused = await archive.open('one', { s3: { ...origin.config.s3, credentials } });
  await expect((await aRestore({ major: 18, origin: refused, target: {} })).run()).rejects.toThrow(
    'SignatureDoesNotMatch',
  );
  let calls = 0;
  const store = {
    ...origin.store,
    get: (...args: Parameters<typeof origin.store.get>) =>
      args[0].includes('/wals/') && ++calls > 1 ? refused.store.get(...args) : origin.store.get(...args),
  };
  const broken = await aRestore({ major: 18, origin: { ...origin, store }, target: {} });
  await expect(broken.run()).rejects.toThrow(/could not restore file .*SignatureDoesNotMatch/);
  await expect(restore.run()).resolves.toMatchObject({ timeline: 2 });
});
