import { expect, test } from '@jest/globals';
import { type Major, temporaryPostgres } from '../../testing/postgres.ts';
import type { Archive } from '../wal/archive-source.ts';
import { aRestore, backUp } from './testing-restore.ts';
import { type ArchivingPostgres, archivingPostgres, testArchive } from './testing.ts';

const digest = `SELECT (SELECT md5(string_agg(t::text, ',' ORDER BY i)) FROM t) AS t,
  (SELECT md5(string_agg(shrunk::text, ',' ORDER BY i)) FROM shrunk) AS shrunk,
  (SELECT md5(string_agg(late::text, ',' ORDER BY i)) FROM late) AS late,
  (SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database) AS databases`;

const since = (incrementalFrom: string) => ({ asked: { incrementalFrom } });

async function sizeOf({ store, config }: Archive, id: string): Promise<number> {
  let size = 0;
  for await (const entry of store.list(`${config.location.prefix}/${config.location.server}/base/${id}/`))
    if (entry.kind === 'object') size += entry.size;
  return size;
}

/** A full backup and two incremental ones, with everything between them that changes files. */
async function aChain(pg: ArchivingPostgres, origin: Archive): Promise<{ ids: string[]; expected: unknown }> {
  const { server } = pg;
  await server.query('CREATE TABLE t AS SELECT i, md5(i::text) AS v FROM generate_series(1, 60000) i');
  await server.query('CREATE TABLE shrunk AS SELECT i, md5(i::text) AS v FROM generate_series(1, 60000) i');
  await server.query('CREATE TABLE dropped AS SELECT generate_series(1, 1000) AS i');
  await server.query('CREATE DATABASE gone');
  const ids = [await backUp(pg, origin)];
  await server.query('UPDATE t SET v = v WHERE i % 5000 = 0');
  await server.query('DELETE FROM shrunk WHERE i > 20000');
  await server.query('VACUUM shrunk');
  await server.query('CREATE TABLE late AS SELECT generate_series(1, 100) AS i');
  ids.push(await backUp(pg, origin, since('latest')));
  await server.query('INSERT INTO shrunk SELECT i, md5(i::text) FROM generate_series(20001, 50000) i');
  await server.query('INSERT INTO late SELECT generate_series(101, 30000)');
  await server.query('DROP TABLE dropped');
  await server.query('DROP DATABASE gone');
  await server.query('CREATE DATABASE came');
  ids.push(await backUp(pg, origin, since(ids[1] ?? '')));
  const [expected] = await server.query(digest);
  await pg.switchAndWait();
  return { ids, expected };
}

test.each<Major>([17, 18])('PostgreSQL %i: a chain of incremental backups comes back as one', async (major) => {
  await using archive = await testArchive();
  const origin = await archive.open('one', {
    data: { compression: 'gzip', attributes: {}, jobs: 2, immediateCheckpoint: true },
  });
  const settings = { summarize_wal: 'on' };
  await using pg = await archivingPostgres(() => Promise.resolve(origin), { major, settings });
  const { ids, expected } = await aChain(pg, origin);
  const [full = 0, first = 0] = await Promise.all(ids.map((id) => sizeOf(origin, id)));
  expect(first).toBeLessThan(full / 2);
  await using restore = await aRestore({ major, origin, target: { backupID: ids[2], targetImmediate: true } });
  expect(await restore.run()).toMatchObject({ backupId: ids[2], timeline: 2 });
  const closed = { archive_mode: 'off' };
  await using server = await temporaryPostgres({ major, dataDirectory: restore.data, settings: closed });
  const [found] = await server.query<{ databases: string }>(digest);
  // The recovery makes the application's database.
  expect({ ...found, databases: found?.databases.replace('app,', '') }).toEqual(expected);
  expect(await server.query("SELECT 1 FROM pg_class WHERE relname = 'dropped'")).toEqual([]);

  await origin.store.delete([`p/one/base/${ids[0]}/backup.info`]);
  await using broken = await aRestore({ major, origin, target: { backupID: ids[2] } });
  await expect(broken.run()).rejects.toThrow(`holds only the changes since backup ${ids[0]}`);
});

test('an incremental backup that the server cannot make is refused by the name of what is missing', async () => {
  await using archive = await testArchive();
  const origin = await archive.open('one');
  await using pg = await archivingPostgres(() => Promise.resolve(origin), { major: 18 });
  await expect(backUp(pg, origin, since('latest'))).rejects.toThrow(
    'spec.postgresql.parameters.summarize_wal must be "on"',
  );
  await pg.server.query('ALTER SYSTEM SET summarize_wal = on');
  await pg.server.query('SELECT pg_reload_conf()');
  await expect(backUp(pg, origin, since('20200101T000000'))).rejects.toThrow('no complete backup "20200101T000000"');
});
