// Backups and restores whose processes are killed, and a restore on a disk that is too small.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  type ArchivingPostgres,
  archivingPostgres,
  silent,
  type TestArchive,
  testArchive,
} from '../../src/instance/recovery/testing.ts';
import { archivedRange } from '../../src/instance/recovery/archive-gap.ts';
import { backUp } from '../../src/instance/recovery/testing-restore.ts';
import { removeObjects } from '../../src/instance/backup/run-backup.ts';
import type { BackupStatus } from '../../src/instance/backup/objects.ts';
import { backUpInWorker } from '../../src/instance/backup/worker-process.ts';
import type { Archive } from '../../src/instance/wal/archive-source.ts';
import { downloadWal } from '../../src/instance/wal/download.ts';
import { Shipper } from '../../src/instance/wal/shipper.ts';
import { firstTimeline } from '../../src/postgres/timeline.ts';
import { segmentAfter } from '../../src/postgres/wal-name.ts';
import { temporaryPostgres } from '../../src/testing/postgres.ts';
import { waitFor } from '../support/wait.ts';
import type { RestoreRequest } from './support/restore-process.ts';

const major = 18;
const hash = "SELECT count(*)::int AS n, md5(string_agg(t::text, ',' ORDER BY i)) AS h FROM t";
const here = import.meta.dirname;
const quiet = '--disable-warning=ExperimentalWarning';
const releases = new AsyncDisposableStack();
let pg: ArchivingPostgres;
let archive: TestArchive;
let origin: Archive;

beforeAll(async () => {
  archive = releases.use(await testArchive());
  origin = await archive.open('one', {
    data: { compression: 'gzip', attributes: {}, jobs: 2, immediateCheckpoint: true },
  });
  pg = releases.use(await archivingPostgres(() => Promise.resolve(origin), { major }));
  // Random text, so that the backup takes several parts and some time.
  await pg.server.query(
    "CREATE TABLE t AS SELECT i, (SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 20) WHERE i > 0) AS v FROM generate_series(1, 40000) i",
  );
});
afterAll(() => releases.disposeAsync());

async function keys(): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of origin.store.list('p/one/base/')) if (entry.kind === 'object') found.push(entry.key);
  return found;
}

/** The worker with its process id in a file, killed when `when` says so; resolves to the status as it was written last. */
async function killedBackup(kill: (status: BackupStatus, killNow: () => void) => void): Promise<BackupStatus> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'hwk-'));
  const pidFile = path.join(directory, 'pid');
  const program = path.join(here, '../../src/bin/howdah.ts');
  const worker = [process.execPath, quiet, program, 'instance', 'backup-worker', '--log-level=error'];
  const killNow = (): void => void spawnSync('/bin/sh', ['-c', `kill -9 $(cat ${pidFile})`]);
  let status: BackupStatus = { phase: 'started' };
  const run = backUpInWorker(
    { file: '/bin/sh', args: ['-c', 'echo $$ >"$0"; exec "$@"', pidFile, ...worker] },
    {
      archive: origin,
      name: 'killed',
      status,
      sql: pg.server.connection(),
      replication: { host: pg.server.socketDirectory, port: pg.server.port, user: 'postgres' },
      asked: {},
      write(written) {
        status = { ...status, ...written };
        kill(status, killNow);
        return Promise.resolve();
      },
      walPatience: 60_000,
      log: silent,
      signal: AbortSignal.timeout(300_000),
    },
  );
  await expect(run).rejects.toThrow('SIGKILL');
  await rm(directory, { recursive: true });
  return status;
}

type Step = [name: string, kill: (status: BackupStatus, killNow: () => void) => void];

test.each<Step>([
  ['when it begins', ({ endLSN }, kill) => void (endLSN === undefined && kill())],
  ['while it reads and stores', ({ endLSN }, kill) => void (endLSN === undefined && setTimeout(kill, 400))],
  ['a little later', ({ endLSN }, kill) => void (endLSN === undefined && setTimeout(kill, 900))],
])('a backup that is killed %s leaves nothing once it is failed', async (_, kill) => {
  const status = await killedBackup(kill);
  // What the manager does with a backup whose worker is gone.
  if (status.backupId !== undefined) await removeObjects(origin, status.backupId, AbortSignal.timeout(30_000));
  expect(await keys()).toEqual([]);
  expect(await origin.store.abortUploads('')).toBe(0);
  await waitFor('the end of its session', async () => {
    const [left] = await pg.server.query<{ n: number }>(
      `SELECT (SELECT count(*) FROM pg_stat_replication)::int + (SELECT count(*) FROM pg_replication_slots)::int
        + (SELECT count(*) FROM pg_stat_progress_basebackup)::int AS n`,
    );
    return left?.n === 0 ? true : undefined;
  });
});

test('a backup that is killed when its data is stored is brought to its end by the next run', async () => {
  const status = await killedBackup(({ endLSN }, kill) => void (endLSN !== undefined && kill()));
  const { runBackup } = await import('../../src/instance/backup/run-backup.ts');
  const written: BackupStatus[] = [];
  const done = await runBackup({
    archive: origin,
    name: 'killed',
    status,
    sql: pg.server.connection(),
    replication: { host: pg.server.socketDirectory, port: pg.server.port, user: 'postgres' },
    asked: {},
    write: (step) => Promise.resolve(void written.push(step)),
    walPatience: 60_000,
    log: silent,
    signal: AbortSignal.timeout(120_000),
  });
  expect(done.id).toBe(status.backupId);
  expect(written).toEqual([expect.objectContaining({ phase: 'completed' })]);
});

test('the process that ships WAL is killed again and again: no segment is missing, none is damaged', async () => {
  const shipped = await archive.open('shipped', { wal: { compression: 'gzip', attributes: {}, maxParallel: 4 } });
  using shipper = new Shipper({
    file: process.execPath,
    args: [quiet, path.join(here, '../../src/bin/howdah.ts'), 'instance', 'wal-worker', '--log-level=error'],
  });
  await using busy = await archivingPostgres(() => Promise.resolve(shipped), { major, ship: shipper.ship });
  const { server } = busy;
  await server.query('CREATE TABLE t (i int, v text)');
  const killed = new Set<number>();
  const killer = setInterval(() => {
    const { pid } = shipper;
    if (pid === undefined || killed.has(pid)) return;
    killed.add(pid);
    setTimeout(() => spawnSync('/bin/kill', ['-9', String(pid)]), randomInt(700));
  }, 20);
  try {
    for (let round = 0; round < 15 || (killed.size < 5 && round < 100); round += 1) {
      await server.query('INSERT INTO t SELECT i, md5(random()::text) FROM generate_series(1, 20000) i');
      await server.query('SELECT pg_switch_wal()');
    }
  } finally {
    clearInterval(killer);
  }
  expect(killed.size).toBeGreaterThanOrEqual(5);
  // PostgreSQL's archiver rests for a minute after three failures, unless there is a new segment.
  const last = await waitFor('the archive to catch up', () => busy.switchAndWait().catch(() => undefined), {
    timeout: 240_000,
  });
  const first = '000000010000000000000001';
  const signal = AbortSignal.timeout(60_000);
  const range = { history: firstTimeline, first: 1n, segmentSize: 16 << 20 };
  expect(await archivedRange(shipped, range, signal)).toEqual({ newest: last, gap: undefined });
  for (let name = first; name <= last; name = segmentAfter(name, 16 << 20)) {
    const place = path.join(os.tmpdir(), `hwk-${process.pid}-segment`);
    // Held against its digest.
    expect(await downloadWal(shipped, name, place, { signal })).toBe(true);
    expect((await stat(place)).size).toBe(16 << 20);
    await rm(place);
  }
});

/** In a process group of its own, as a container's processes are: they end together. */
function startRestore(file: string): { child: ChildProcess; ended: Promise<unknown>; said: () => string } {
  const child = spawn(process.execPath, [quiet, path.join(here, 'support/restore-process.ts'), file], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { child, ended: once(child, 'close'), said: () => text };
}

async function restoreRoot(): Promise<{ root: string; file: string }> {
  const root = await mkdtemp(path.join(os.tmpdir(), 'hwk-'));
  releases.defer(() => rm(root, { recursive: true, force: true }));
  await chmod(root, 0o755);
  for (const name of ['data', 'tablespaces']) await mkdir(path.join(root, name), { mode: 0o755 });
  const request: RestoreRequest = { config: origin.config, major, root };
  const file = path.join(root, 'request.json');
  await writeFile(file, JSON.stringify(request));
  return { root, file };
}

/** Ends the processes of the group and waits until none is left. */
async function killGroup({ child, ended }: ReturnType<typeof startRestore>): Promise<void> {
  process.kill(-(child.pid ?? 0), 'SIGKILL');
  await ended;
}

test('a restore that is killed again and again comes to its end', async () => {
  await backUp(pg, origin);
  await pg.server.query('UPDATE t SET v = md5(v) WHERE i % 10 = 0');
  const [expected] = await pg.server.query(hash);
  await pg.switchAndWait();
  const { root, file } = await restoreRoot();
  const data = path.join(root, 'data/pgdata');
  const there = (place: string) =>
    stat(place).then(
      () => true,
      () => undefined,
    );
  const states = [
    () => there(`${data}.staging/base`),
    () => there(`${data}.staging/recovery.signal`),
    () => there(`${data}/postmaster.pid`),
    () => there(`${root}/data/howdah/recovery.log`),
  ];
  for (const reached of states) {
    const running = startRestore(file);
    const state = await Promise.race([
      waitFor('a step of the restore', reached, { every: 5, timeout: 120_000 }),
      running.ended,
    ]);
    if (state !== true) break;
    await killGroup(running);
  }
  const last = startRestore(file);
  await last.ended;
  expect(last.said()).toMatch(/"timeline":2|"present"/);
  const settings = { archive_mode: 'off' };
  await using server = await temporaryPostgres({ major, dataDirectory: data, settings });
  expect(await server.query(hash)).toEqual([expected]);
});

const mount = (...args: string[]): boolean => spawnSync('mount', args).status === 0;

test('a restore on a full disk says so, leaves no PGDATA, and works when there is room', async () => {
  const { root, file } = await restoreRoot();
  const disk = path.join(root, 'data');
  if (!mount('-t', 'tmpfs', '-o', 'size=24m,mode=0755', 'tmpfs', disk)) {
    process.stderr.write('SKIPPED: restore on a full disk: no tmpfs can be mounted here\n');
    return;
  }
  try {
    const first = startRestore(file);
    await first.ended;
    expect(first.said()).toContain('ENOSPC');
    expect(await readdir(disk)).not.toContain('pgdata');
    expect(mount('-o', 'remount,size=512m', disk)).toBe(true);
    const second = startRestore(file);
    await second.ended;
    expect(second.said()).toContain('"timeline":2');
  } finally {
    spawnSync('umount', ['-l', disk]);
  }
});
