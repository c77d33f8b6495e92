import { chown, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { temporaryPostgres } from '../../testing/postgres.ts';
import type { Archive } from '../wal/archive-source.ts';
import type { RecoveryTargetSpec } from './target.ts';
import { aRestore, backUp } from './testing-restore.ts';
import { archivingPostgres, testArchive } from './testing.ts';

/** Rows 1, 2, 3 come one after the other, each in a transaction of its own; the marks are between or at them. */
interface History {
  readonly origin: Archive;
  readonly backupID: string;
  readonly marks: { readonly lsn: string; readonly xid: string };
}

let history: History;
const releases = new AsyncDisposableStack();
afterAll(() => releases.disposeAsync());

beforeAll(async () => {
  const archive = releases.use(await testArchive());
  const origin = await archive.open('one');
  await using pg = await archivingPostgres(() => Promise.resolve(origin), { major: 18 });
  const { server } = pg;
  await server.query('CREATE TABLE t (i int)');
  const backupID = await backUp(pg, origin);
  await server.query('INSERT INTO t VALUES (1)');
  const [lsn] = await server.query<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn');
  // Its commit record ends here, and the next record begins here: with `exclusive` recovery stops before it.
  const [xid] = await server.query<{ xid: string }>(
    'INSERT INTO t VALUES (2) RETURNING pg_current_xact_id()::text AS xid',
  );
  await server.query("SELECT pg_create_restore_point('after two')");
  await server.query('INSERT INTO t VALUES (3)');
  await pg.switchAndWait();
  history = { origin, backupID, marks: { lsn: lsn?.lsn ?? '', xid: xid?.xid ?? '' } };
});

type Row = [name: string, target: (marks: History['marks']) => RecoveryTargetSpec, rows: number[]];

test.each<Row>([
  ['immediate', () => ({ targetImmediate: true }), []],
  ['an LSN', ({ lsn }) => ({ targetLSN: lsn, exclusive: true }), [1]],
  ['a transaction', ({ xid }) => ({ targetXID: xid }), [1, 2]],
  ['before a transaction', ({ xid }) => ({ targetXID: xid, exclusive: true }), [1]],
  ['a name', () => ({ targetName: 'after two' }), [1, 2]],
  ['the end', () => ({}), [1, 2, 3]],
])('recovery to %s', async (_, target, rows) => {
  const { origin, backupID, marks } = history;
  await using restore = await aRestore({ major: 18, origin, target: { backupID, ...target(marks) } });
  expect(await restore.run()).toMatchObject({ timeline: 2 });
  const settings = { archive_mode: 'off' };
  await using server = await temporaryPostgres({ major: 18, dataDirectory: restore.data, settings });
  expect((await server.query<{ i: number }>('SELECT i FROM t ORDER BY i')).map(({ i }) => i)).toEqual(rows);
});

test('an LSN of a timeline that was left in the middle of a segment is reached by what the archive has of that', async () => {
  await using archive = await testArchive();
  const origin = await archive.open('left');
  await using pg = await archivingPostgres(() => Promise.resolve(origin), { major: 18 });
  const { server } = pg;
  await server.query('CREATE TABLE t AS SELECT 1 AS i');
  await backUp(pg, origin);
  await server.query('INSERT INTO t VALUES (2)');
  const [at] = await server.query<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn');
  await server.query('INSERT INTO t VALUES (3)');
  await server.stop('immediate');
  const signal = path.join(server.dataDirectory, 'standby.signal');
  await writeFile(signal, '');
  const { user } = server.installation;
  if (user) await chown(signal, user.uid, user.gid);
  await server.start();
  await server.query('SELECT pg_promote()');
  await pg.switchAndWait();

  const target = { targetTLI: '1', targetLSN: at?.lsn ?? '', exclusive: true };
  await using restore = await aRestore({ major: 18, origin, target });
  expect(await restore.run()).toMatchObject({ timeline: 3 });
  const settings = { archive_mode: 'off' };
  await using restored = await temporaryPostgres({ major: 18, dataDirectory: restore.data, settings });
  expect((await restored.query<{ i: number }>('SELECT i FROM t ORDER BY i')).map(({ i }) => i)).toEqual([1, 2]);
});

test.each<[string, RecoveryTargetSpec, string]>([
  ['a transaction', { targetXID: '99999' }, '99999'],
  ['a name', { targetName: 'nowhere' }, 'nowhere'],
])('%s that the archive does not reach is an error', async (_, target, named) => {
  const { origin, backupID } = history;
  await using restore = await aRestore({ major: 18, origin, target: { backupID, ...target } });
  const failure = restore.run();
  await expect(failure).rejects.toThrow('recovery ended before configured recovery target was reached');
  await expect(failure).rejects.toThrow(named);
});

test.each<[string, RecoveryTargetSpec, string]>([
  ['an LSN that the archive does not reach', { targetLSN: 'F/0' }, 'targetLSN: F/0 lies in WAL segment'],
  ['an LSN before the backup', { targetLSN: '0/28' }, 'targetLSN: 0/28 comes before'],
  ['a timeline that never was', { targetTLI: '7' }, 'targetTLI: the archive holds no history of timeline 7, only of 1'],
])('%s is refused before anything is written', async (_, target, message) => {
  const { origin, backupID } = history;
  await using restore = await aRestore({ major: 18, origin, target: { backupID, ...target } });
  await expect(restore.run()).rejects.toThrow(`spec.bootstrap.recovery.recoveryTarget.${message}`);
  expect(await readdir(`${restore.root}/data`, { recursive: true })).toEqual(['pgdata.staging']);
});

test('which backup to start from is not guessed where nothing says how far it is', async () => {
  await using restore = await aRestore({ major: 18, origin: history.origin, target: { targetName: 'after two' } });
  await expect(restore.run()).rejects.toThrow('recoveryTarget.backupID must say which backup to start from');
});
