import { readFile, rm, mkdtemp } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { parseBackupInfo } from '../../objectstore/backup-info.ts';
import { backupDirectory, backupInfoKey } from '../../objectstore/layout.ts';
import { readCatalog } from './catalog.ts';
import { archivingPostgres, testArchive } from '../recovery/testing.ts';
import type { Archive } from '../wal/archive-source.ts';
import { temporaryPostgres } from '../../testing/postgres.ts';
import type { Backup } from './objects.ts';
import type { WorkerRequest } from './worker-messages.ts';
import { aKube, aRunner, aStandby, events, passOn, section, started, worker } from './testing-runner.ts';
import { backUpInWorker } from './worker-process.ts';

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
  events.splice(0);
});

async function keys(archive: Archive): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of archive.store.list('p/one/base/')) if (entry.kind === 'object') found.push(entry.key);
  return found;
}

test('a backup from a standby is complete when the primary has archived its WAL', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  await using pg = await archivingPostgres(() => Promise.resolve(archive), { major: 18 });
  await using standby = await aStandby(pg.server);
  await pg.server.query('CREATE TABLE t AS SELECT generate_series(1, 1000) AS i');
  const { kube, phases, backup, cluster } = aKube(started('c-2'));
  const signal = AbortSignal.timeout(60_000);
  await passOn(
    aRunner(kube, standby, archive, 'c-2', false, (run) => backUpInWorker(worker, run)),
    aRunner(kube, pg.server, archive, 'c-1', true),
    backup,
    signal,
  );
  expect(phases).toEqual(['running', 'running', 'completed']);
  expect(events).toEqual(['Backup b: Starting', 'Backup b: Completed']);
  const { status = {} } = backup();
  expect(status).toMatchObject({
    ...{ phase: 'completed', method: 'barmanObjectStore', majorVersion: 18, serverName: 'one' },
    ...{ destinationPath: 's3://backups/p', endpointURL: 'http://store', s3Credentials: section.s3Credentials },
    backupId: expect.stringMatching(/^\d{8}T\d{6}$/),
    backupName: expect.stringMatching(/^backup-\d{14}$/),
    beginLSN: expect.stringContaining('/'),
  });
  expect(status.error).toBeUndefined();
  const id = status.backupId ?? '';
  const { backups } = await readCatalog(archive.store, archive.config.location, signal);
  expect(backups).toMatchObject([
    { id, info: { status: 'DONE', beginWal: status.beginWal, endWal: status.endWal, timeline: 1 } },
  ]);
  expect(backups[0]?.info.backupLabel).toContain('BACKUP FROM: standby');
  expect(await keys(archive)).toEqual(
    ['backup.info', 'backup_manifest', 'data.tar'].map((file) => backupDirectory(archive.config.location, id) + file),
  );
  expect(cluster().status).toMatchObject({
    lastSuccessfulBackup: status.stoppedAt,
    firstRecoverabilityPoint: status.stoppedAt,
    conditions: [{ type: 'LastBackupSucceeded', status: 'True' }],
  });
});

test('a manager that died while it stored a backup fails it and removes what it stored', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  await using server = await temporaryPostgres({ major: 18 });
  await archive.store.put(
    `${backupDirectory(archive.config.location, '20260101T000000')}data.tar`,
    Buffer.from('half'),
  );
  const left = started('c-1');
  left.status = { ...left.status, phase: 'running', backupId: '20260101T000000' };
  const { kube, backup, cluster } = aKube(left);
  await aRunner(kube, server, archive, 'c-1', true).pass([backup()], AbortSignal.timeout(30_000));
  expect(backup().status).toMatchObject({
    phase: 'failed',
    error: expect.stringContaining('InstanceManagerRestarted'),
  });
  expect(await keys(archive)).toEqual([]);
  expect(cluster().status?.conditions).toMatchObject([{ reason: 'LastBackupFailed', status: 'False' }]);
});

test('a manager that died while it waited for WAL brings the backup to its end', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  await using pg = await archivingPostgres(() => Promise.resolve(archive), { major: 18 });
  const { kube, backup, objects } = aKube(started('c-1'));
  const first = new AbortController();
  const blocked: Archive = {
    ...archive,
    store: {
      ...archive.store,
      list: (prefix, options) => {
        if (prefix.includes('/wals/')) first.abort(new Error('killed'));
        return archive.store.list(prefix, options);
      },
    },
  };
  await aRunner(kube, pg.server, blocked, 'c-1', true).pass([backup()], first.signal);
  expect(backup().status).toMatchObject({ phase: 'running', endLSN: expect.any(String) });
  const id = backup().status?.backupId ?? '';
  const infoKey = backupInfoKey(archive.config.location, id);
  const read = async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of (await archive.store.get(infoKey))?.body ?? []) chunks.push(chunk as Buffer);
    return parseBackupInfo(Buffer.concat(chunks).toString());
  };
  expect((await read()).status).toBe('WAITING_FOR_WALS');
  await aRunner(kube, pg.server, archive, 'c-1', true).pass(
    [objects['backups'] as Backup],
    AbortSignal.timeout(30_000),
  );
  expect(backup().status).toMatchObject({ phase: 'completed', backupId: id });
  expect((await read()).status).toBe('DONE');
});

test('a store that refuses, and a connection that is cut, fail the backup and leave nothing behind', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  const refused = await store.open('one', {
    s3: { ...archive.config.s3, credentials: { accessKeyId: 'test', secretAccessKey: 'wrong' } },
  });
  await using server = await temporaryPostgres({ major: 18, settings: { wal_level: 'replica' } });
  const { kube, backup } = aKube(started('c-1'));
  await aRunner(kube, server, refused, 'c-1', true).pass([backup()], AbortSignal.timeout(30_000));
  expect(backup().status).toMatchObject({ phase: 'failed', error: expect.stringContaining('SignatureDoesNotMatch') });

  const cutting: Archive = {
    ...archive,
    store: {
      ...archive.store,
      async upload(key, source, options) {
        await server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'walsender'");
        return archive.store.upload(key, source, options);
      },
    },
  };
  const again = aKube(started('c-1'));
  await aRunner(again.kube, server, cutting, 'c-1', true).pass([again.backup()], AbortSignal.timeout(30_000));
  expect(again.backup().status?.phase).toBe('failed');
  expect(again.backup().status?.error).toMatch(/terminating connection|closed the connection/);
  expect(await keys(archive)).toEqual([]);
  const [senders] = await server.query(
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE backend_type = 'walsender'",
  );
  expect(senders?.['n']).toBe(0);
  expect(await readFile(path.join(server.dataDirectory, 'PG_VERSION'), 'utf8')).toBe('18\n');
});

test('backups of others, done ones and other methods are left alone', async () => {
  await using store = await testArchive();
  const archive = await store.open('one');
  await using server = await temporaryPostgres({ major: 18 });
  const of = (change: Partial<Backup>): Backup => ({ ...started('c-1'), ...change });
  for (const other of [
    of({ spec: { cluster: { name: 'other' } } }),
    of({ spec: { cluster: { name: 'c' }, method: 'volumeSnapshot' } }),
    of({ status: { phase: 'started', instanceID: { podName: 'c-2' } } }),
    of({ status: { phase: 'completed', instanceID: { podName: 'c-1' } } }),
    of({ status: {} }),
  ]) {
    const { kube, phases } = aKube(other);
    await aRunner(kube, server, archive, 'c-1', false).pass([other], AbortSignal.timeout(10_000));
    expect(phases).toEqual([]);
  }
});

test('a worker that is killed in the middle fails the backup, and nothing of it stays in the store', async () => {
  await using store = await testArchive();
  const direct = await store.open('one');
  // The second part never comes through: the worker is in the middle of an upload for as long as we like.
  const stalled = Promise.withResolvers<undefined>();
  await using stalling = await stallingProxy(store.store.endpoint, () => stalled.resolve(undefined));
  const archive = await store.open('one', { s3: { ...direct.config.s3, endpoint: stalling.endpoint } });
  await using pg = await archivingPostgres(() => Promise.resolve(direct), { major: 18 });
  const { kube, backup } = aKube(started('c-1'));
  const pidFile = path.join(await mkdtemp(path.join(os.tmpdir(), 'hwk-')), 'pid');
  directories.push(path.dirname(pidFile));
  const runner = aRunner(kube, pg.server, archive, 'c-1', true, (run) =>
    backUpInWorker(
      { file: '/bin/sh', args: ['-c', 'echo $$ >"$0"; exec "$@"', pidFile, worker.file, ...worker.args] },
      run,
    ),
  );
  const done = runner.pass([backup()], AbortSignal.timeout(60_000));
  await stalled.promise;
  process.kill(Number(await readFile(pidFile, 'utf8')), 'SIGKILL');
  await done;
  expect(backup().status).toMatchObject({
    phase: 'failed',
    error: 'the process that took the backup ended with SIGKILL',
  });
  expect(events).toEqual(['Backup b: Starting', 'Backup b: Failed']);
  expect(await keys(direct)).toEqual([]);
  expect(await direct.store.abortUploads('')).toBe(0);
});

test('a worker whose manager is gone gives up and cleans up', async () => {
  await using store = await testArchive();
  const direct = await store.open('one');
  const stalled = Promise.withResolvers<undefined>();
  await using stalling = await stallingProxy(store.store.endpoint, () => stalled.resolve(undefined));
  const config = { ...direct.config, s3: { ...direct.config.s3, endpoint: stalling.endpoint } };
  await using pg = await archivingPostgres(() => Promise.resolve(direct), { major: 18 });
  const child = spawn(worker.file, worker.args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  const ended = once(child, 'exit');
  child.on('message', () => child.send({ kind: 'written', error: undefined }));
  const replication = { host: pg.server.socketDirectory, port: pg.server.port, user: 'postgres' };
  const to = { sql: pg.server.connection(), replication, asked: {} };
  const request: WorkerRequest = { config, name: 'b', status: {}, ...to, walPatience: 1000 };
  child.send({ kind: 'run', request });
  await stalled.promise;
  child.disconnect();
  expect(await ended).toEqual([0, null]);
  expect(await keys(direct)).toEqual([]);
  expect(await direct.store.abortUploads('')).toBe(0);
});

/** Passes all on to the store but part 2 of an upload, which gets no answer. */
async function stallingProxy(to: string, onStall: () => void) {
  const server = createServer((message, response) => {
    if (message.url?.includes('partNumber=2')) {
      message.resume();
      onStall();
      return;
    }
    const { hostname, port } = new URL(to);
    const onward = request({ hostname, port, method: message.method, path: message.url, headers: message.headers });
    onward.on('response', (answer) => answer.pipe(response.writeHead(answer.statusCode ?? 500, answer.headers)));
    onward.on('error', () => response.destroy());
    message.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

test.each([
  [undefined, false],
  [true, true],
])(
  'immediateCheckpoint: %s in the Backup counts more than false in the cluster',
  async (immediateCheckpoint, expected) => {
    await using store = await testArchive();
    const archive = await store.open('one', {
      data: { compression: 'none', attributes: {}, jobs: 2, immediateCheckpoint: false },
    });
    await using server = await temporaryPostgres({ major: 18 });
    const wanted = started('c-1');
    if (immediateCheckpoint !== undefined)
      wanted.spec = { ...wanted.spec, onlineConfiguration: { immediateCheckpoint } };
    const { kube, backup } = aKube(wanted);
    const seen: boolean[] = [];
    const runner = aRunner(kube, server, archive, 'c-1', true, (run) => {
      seen.push(run.archive.config.data.immediateCheckpoint);
      return Promise.resolve({ id: '20260101T000000', stoppedAt: new Date() });
    });
    await runner.pass([backup()], AbortSignal.timeout(30_000));
    expect(seen).toEqual([expected]);
  },
);
