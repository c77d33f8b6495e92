import { parseLsn } from '../../postgres/lsn.ts';
import type { HaCore } from './core/core.ts';

/** What a promotion must know of the server at this moment. */
export interface AskedServer {
  readonly standby: boolean;
  readonly receiving: boolean;
  /** Of the running primary. */
  readonly timeline?: number;
  /** Of the standby. */
  readonly replayed?: bigint;
}

interface Row extends Record<string, unknown> {
  standby: boolean;
  receiving: boolean;
  wal: string | null;
  replayed: string | null;
}

/** Undefined while it does not answer. */
export async function askServer({ session }: Pick<HaCore, 'session'>): Promise<AskedServer | undefined> {
  // One look at the state: it may change between two.
  const [row] = await session
    .query<Row>(
      `SELECT r AS standby, EXISTS (SELECT 1 FROM pg_catalog.pg_stat_wal_receiver) AS receiving,
              CASE WHEN NOT r THEN pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()) END AS wal,
              CASE WHEN r THEN pg_catalog.pg_last_wal_replay_lsn()::text END AS replayed
         FROM (SELECT pg_catalog.pg_is_in_recovery() AS r OFFSET 0) recovery`,
    )
    .catch(() => []);
  if (!row) return undefined;
  return {
    standby: row.standby,
    receiving: row.receiving,
    ...(row.wal === null ? {} : { timeline: Number.parseInt(row.wal.slice(0, 8), 16) }),
    ...(row.replayed === null ? {} : { replayed: parseLsn(row.replayed) }),
  };
}
