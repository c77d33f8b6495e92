import type pg from 'pg';
import type { Acknowledgement } from './checker/overlap.ts';

/**
 * The last statement of a query that commits before it: who answers, and when. PostgreSQL sends the answers of one query together at its
 * end, so that this is the time of sending: after all waiting for standbys, and before anything can hold the answer up on its way.
 */
export const stamp = `select substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) as by,
  extract(epoch from clock_timestamp())::float8 * 1000 as sent`;

/** Of the answers to such a query. */
export function acknowledgementOf(answers: unknown): Acknowledgement {
  const [row] = (answers as pg.QueryResult<{ by: string; sent: number }>[]).at(-1)?.rows ?? [];
  if (!row) throw new Error('the server did not say when it answered');
  return row;
}
