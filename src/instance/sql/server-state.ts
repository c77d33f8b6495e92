import type { Session } from './session.ts';

/** What the manager asks of its server in every turn. */
export interface ServerState {
  readonly standby: boolean;
  /** cnpg.config_sha256 as loaded. */
  readonly configurationHash: string;
  readonly loadedAt: Date;
  readonly pendingRestart: readonly string[];
  readonly receiver: string | undefined;
  readonly replayPaused: boolean;
}

interface Row extends Record<string, unknown> {
  standby: boolean;
  hash: string | null;
  loaded_at: Date;
  pending: string[] | null;
  receiver: string | null;
  paused: boolean;
}

export async function askServerState(session: Session): Promise<ServerState> {
  const [row] = await session.query<Row>(`
    SELECT pg_is_in_recovery() AS standby, current_setting('cnpg.config_sha256', true) AS hash, pg_conf_load_time() AS loaded_at,
           (SELECT array_agg(name ORDER BY name) FROM pg_settings WHERE pending_restart) AS pending,
           (SELECT status FROM pg_stat_wal_receiver) AS receiver,
           CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() ELSE false END AS paused`);
  if (!row) throw new Error('PostgreSQL gave no answer');
  return {
    standby: row.standby,
    configurationHash: row.hash ?? '',
    loadedAt: row.loaded_at,
    pendingRestart: row.pending ?? [],
    receiver: row.receiver ?? undefined,
    replayPaused: row.paused,
  };
}
