// The layout is Barman's: Debian's barman-cli-cloud lists and restores our backups, and we restore its.
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type ArchivingPostgres, archivingPostgres, testArchive } from '../../src/instance/recovery/testing.ts';
import { aRestore, backUp } from '../../src/instance/recovery/testing-restore.ts';
import type { Archive } from '../../src/instance/wal/archive-source.ts';
import { runProgram, temporaryPostgres } from '../../src/testing/postgres.ts';

const bin = '/usr/bin';
const installed = existsSync(path.join(bin, 'barman-cloud-backup'));
if (!installed) process.stderr.write('SKIPPED: barman-cloud is not installed (apt-get install barman-cli-cloud)\n');
const when = installed ? test : test.skip;
const major = 15;

const releases = new AsyncDisposableStack();
let archive: Awaited<ReturnType<typeof testArchive>>;
let pg: ArchivingPostgres;
let origin: Archive;

/** As the server's user, who may read its files. */
async function barman(program: string, args: string[]): Promise<string> {
  const { endpoint, accessKeyId, secretAccessKey } = archive.store;
  const environment = [`AWS_ACCESS_KEY_ID=${accessKeyId}`, `AWS_SECRET_ACCESS_KEY=${secretAccessKey}`];
  const installation = { ...pg.server.installation, bin };
  return runProgram(installation, 'env', [
    ...environment,
    ...['AWS_DEFAULT_REGION=us-east-1', path.join(bin, program), '--cloud-provider', 'aws-s3'],
    ...['--endpoint-url', endpoint, ...args],
  ]);
}

const place = 's3://backups/p';
const hash = "SELECT count(*)::int AS n, md5(string_agg(t::text, ',' ORDER BY i)) AS h FROM t";

beforeAll(async () => {
  if (!installed) return;
  archive = releases.use(await testArchive());
  origin = await archive.open('one', {
    data: { compression: 'gzip', attributes: {}, jobs: 2, immediateCheckpoint: true },
  });
  pg = releases.use(await archivingPostgres(() => Promise.resolve(origin), { major }));
  await pg.server.query('CREATE TABLE t AS SELECT i, md5(i::text) AS v FROM generate_series(1, 200000) i');
});
afterAll(() => releases.disposeAsync());

async function directory(): Promise<string> {
  const root = await mkdtemp(path.join(os.tmpdir(), 'hwb-'));
  releases.defer(() => rm(root, { recursive: true, force: true }));
  const { user } = pg.server.installation;
  if (user) await runProgram({ major, bin: '/bin' }, 'chown', [`${user.uid}:${user.gid}`, root]);
  return root;
}

when('Barman lists our backup and restores it, with the WAL that we archived', async () => {
  const id = await backUp(pg, origin);
  await pg.server.query("INSERT INTO t SELECT i, 'later' FROM generate_series(200001, 201000) i");
  const [expected] = await pg.server.query(hash);
  await pg.switchAndWait();
  const listed = JSON.parse(await barman('barman-cloud-backup-list', ['--format', 'json', place, 'one'])) as {
    backups_list: { backup_id: string; status: string }[];
  };
  expect(listed.backups_list).toEqual([expect.objectContaining({ backup_id: id, status: 'DONE' })]);
  const data = path.join(await directory(), 'data');
  await barman('barman-cloud-restore', [place, 'one', id, data]);
  const { endpoint, accessKeyId, secretAccessKey } = archive.store;
  const restore = `AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey} AWS_DEFAULT_REGION=us-east-1 ${bin}/barman-cloud-wal-restore --cloud-provider aws-s3 --endpoint-url ${endpoint} ${place} one %f %p`;
  await writeFile(path.join(data, 'recovery.signal'), '');
  await runProgram({ major, bin: '/bin' }, 'chmod', ['0700', data]);
  const settings = { archive_mode: 'off', restore_command: restore, hot_standby: 'on' };
  await using server = await temporaryPostgres({ major, dataDirectory: data, settings });
  for (const deadline = Date.now() + 120_000; Date.now() < deadline;) {
    const [state] = await server.query<{ recovering: boolean }>('SELECT pg_is_in_recovery() AS recovering');
    if (state?.recovering === false) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(await server.query(hash)).toEqual([expected]);
});

when('we restore what Barman has backed up, to a moment after it', async () => {
  const { server } = pg;
  await barman('barman-cloud-backup', [
    ...['-z', '-J', '2', '--immediate-checkpoint', '-h', server.socketDirectory, '-p', String(server.port)],
    ...['-U', 'postgres', place, 'one'],
  ]);
  await server.query('UPDATE t SET v = md5(v) WHERE i % 100 = 0');
  const [expected] = await server.query(hash);
  const [moment] = await server.query<{ now: string }>('SELECT clock_timestamp()::text AS now');
  await new Promise((resolve) => setTimeout(resolve, 20));
  await server.query('DROP TABLE t');
  await pg.switchAndWait();
  const listed = JSON.parse(await barman('barman-cloud-backup-list', ['--format', 'json', place, 'one'])) as {
    backups_list: { backup_id: string }[];
  };
  const theirs = listed.backups_list.at(-1)?.backup_id ?? '';
  await using restore = await aRestore({ major, origin, target: { targetTime: moment?.now ?? '' } });
  expect(await restore.run()).toMatchObject({ backupId: theirs });
  const settings = { archive_mode: 'off' };
  await using restored = await temporaryPostgres({ major, dataDirectory: restore.data, settings });
  expect(await restored.query(hash)).toEqual([expected]);
});
