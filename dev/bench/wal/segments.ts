import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { temporaryPostgres } from '../../../src/testing/postgres.ts';

/** WAL of a busy database: rows that come, change and go, with indexes and images of pages. `count` whole segments of it in `directory`. */
export async function recordSegments(directory: string, count: number, signal: AbortSignal): Promise<string[]> {
  await mkdir(directory, { recursive: true });
  await using server = await temporaryPostgres({
    major: 15,
    settings: { wal_keep_size: `${(count + 40) * 16}MB`, max_wal_size: '256MB', wal_compression: 'off' },
  });
  await server.query('CREATE TABLE t (id bigint PRIMARY KEY, name text, amount numeric, at timestamptz, note text)');
  await server.query('CREATE INDEX ON t (name)');
  const recorded = async (): Promise<string[]> => {
    const names = (await readdir(path.join(server.dataDirectory, 'pg_wal')))
      .filter((name) => /^[0-9A-F]{24}$/.test(name))
      .sort();
    const [row] = await server.query<{ name: string }>('SELECT pg_walfile_name(pg_current_wal_lsn()) AS name');
    return names.filter((name) => name < (row?.name ?? ''));
  };
  for (let round = 0; (await recorded()).length < count; round += 1) {
    signal.throwIfAborted();
    await server.query(
      `INSERT INTO t SELECT i, 'customer ' || (i * 7919 % 100003), random() * 1000, now(), md5(i::text) || repeat(' note', (i % 7)::int)
        FROM generate_series(${round * 40_000}::bigint, ${round * 40_000 + 39_999}::bigint) AS i`,
    );
    await server.query(`UPDATE t SET amount = amount + 1 WHERE id % 10 = ${round % 10}`);
    await server.query(`DELETE FROM t WHERE id % 50 = ${round % 50}`);
  }
  const names = (await recorded()).slice(0, count);
  for (const name of names) await copyFile(path.join(server.dataDirectory, 'pg_wal', name), path.join(directory, name));
  await mkdir(path.join(directory, 'global'), { recursive: true });
  await copyFile(path.join(server.dataDirectory, 'global/pg_control'), path.join(directory, 'global/pg_control'));
  return names;
}

/** A data directory in which all of them wait to be archived. */
export async function waitingSegments(directory: string, source: string, names: readonly string[]): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(path.join(directory, 'pg_wal/archive_status'), { recursive: true });
  await mkdir(path.join(directory, 'global'), { recursive: true });
  await copyFile(path.join(source, 'global/pg_control'), path.join(directory, 'global/pg_control'));
  for (const name of names) {
    await copyFile(path.join(source, name), path.join(directory, 'pg_wal', name));
    await writeFile(path.join(directory, 'pg_wal/archive_status', `${name}.ready`), '');
  }
}
