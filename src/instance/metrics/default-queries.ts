// The default queries (reference §2.30): a metric is named cnpg_<query>_<column>.

export type Usage = 'LABEL' | 'COUNTER' | 'GAUGE';

export interface MetricsQuery {
  readonly name: string;
  readonly sql: string;
  readonly primaryOnly?: boolean;
  /** Major versions that have the view. */
  readonly from?: number;
  readonly until?: number;
  readonly columns: Readonly<Record<string, readonly [usage: Usage, help: string]>>;
}

const age = (column: string): string => `COALESCE(extract(epoch FROM now() - ${column}), -1)`;
const epoch = (column: string): string => `COALESCE(extract(epoch FROM ${column}), -1)`;
const lsnOf = (wal: string): string =>
  `COALESCE(CASE WHEN ${wal} ~ '^[0-9A-F]{24}$' THEN ('x' || substr(${wal}, 9, 8) || substr(${wal}, 17, 8))::bit(64)::bigint ELSE -1 END, -1)`;

const counters = (names: readonly string[]): MetricsQuery['columns'] =>
  Object.fromEntries(names.map((name) => [name, ['COUNTER', name.replaceAll('_', ' ')] as const]));

const databaseCounters = [
  ...['xact_commit', 'xact_rollback', 'blks_read', 'blks_hit', 'tup_returned', 'tup_fetched', 'tup_inserted'],
  ...[
    'tup_updated',
    'tup_deleted',
    'conflicts',
    'temp_files',
    'temp_bytes',
    'deadlocks',
    'blk_read_time',
    'blk_write_time',
  ],
];
const writerCounters16 = [
  ...['checkpoints_timed', 'checkpoints_req', 'checkpoint_write_time', 'checkpoint_sync_time', 'buffers_checkpoint'],
  ...['buffers_clean', 'maxwritten_clean', 'buffers_backend', 'buffers_backend_fsync', 'buffers_alloc'],
];
const checkpointerCounters = [
  ...['checkpoints_timed', 'checkpoints_req', 'restartpoints_timed', 'restartpoints_req', 'restartpoints_done'],
  ...['write_time', 'sync_time', 'buffers_written'],
];

export const defaultQueries: readonly MetricsQuery[] = [
  {
    name: 'backends',
    sql: `SELECT COALESCE(datname, '') AS datname, COALESCE(usename, '') AS usename, application_name, COALESCE(state, '') AS state,
                 count(*) AS total, COALESCE(max(extract(epoch FROM now() - xact_start)), 0) AS max_tx_duration_seconds
            FROM pg_stat_activity WHERE backend_type = 'client backend' GROUP BY 1, 2, 3, 4`,
    columns: {
      datname: ['LABEL', ''],
      usename: ['LABEL', ''],
      application_name: ['LABEL', ''],
      state: ['LABEL', ''],
      total: ['GAUGE', 'Number of backends'],
      max_tx_duration_seconds: ['GAUGE', 'Longest running transaction in seconds'],
    },
  },
  {
    name: 'backends_waiting',
    sql: 'SELECT count(DISTINCT pid) AS total FROM pg_locks WHERE NOT granted',
    columns: { total: ['GAUGE', 'Backends that wait for a lock'] },
  },
  {
    name: 'pg_database',
    sql: `SELECT datname, pg_database_size(oid) AS size_bytes, age(datfrozenxid) AS xid_age, mxid_age(datminmxid) AS mxid_age
            FROM pg_database WHERE datallowconn`,
    columns: {
      datname: ['LABEL', ''],
      size_bytes: ['GAUGE', 'Disk space used by the database'],
      xid_age: ['GAUGE', 'Transactions from the frozen XID to the current one'],
      mxid_age: ['GAUGE', 'Multixacts from the frozen one to the current one'],
    },
  },
  {
    name: 'pg_postmaster',
    sql: 'SELECT extract(epoch FROM pg_postmaster_start_time()) AS start_time',
    columns: { start_time: ['GAUGE', 'When PostgreSQL was started'] },
  },
  {
    name: 'pg_replication',
    sql: `SELECT CASE WHEN NOT pg_is_in_recovery() OR pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
                      ELSE GREATEST(0, extract(epoch FROM now() - pg_last_xact_replay_timestamp())) END AS lag,
                 pg_is_in_recovery()::int AS in_recovery,
                 EXISTS (SELECT 1 FROM pg_stat_wal_receiver)::int AS is_wal_receiver_up,
                 (SELECT count(*) FROM pg_stat_replication) AS streaming_replicas`,
    columns: {
      lag: ['GAUGE', 'Seconds that replay is behind the primary'],
      in_recovery: ['GAUGE', 'Whether the instance is in recovery'],
      is_wal_receiver_up: ['GAUGE', 'Whether WAL is being received'],
      streaming_replicas: ['GAUGE', 'Number of streaming replicas'],
    },
  },
  {
    name: 'pg_replication_slots',
    sql: `SELECT slot_name, slot_type, COALESCE(database, '') AS database, active::int AS active,
                 pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END, restart_lsn) AS pg_wal_lsn_diff
            FROM pg_replication_slots WHERE NOT temporary`,
    columns: {
      slot_name: ['LABEL', ''],
      slot_type: ['LABEL', ''],
      database: ['LABEL', ''],
      active: ['GAUGE', 'Whether the slot is in use'],
      pg_wal_lsn_diff: ['GAUGE', 'Bytes of WAL that the slot holds back'],
    },
  },
  {
    name: 'pg_stat_archiver',
    sql: `SELECT archived_count, failed_count, ${age('last_archived_time')} AS seconds_since_last_archival,
                 ${age('last_failed_time')} AS seconds_since_last_failure, ${epoch('last_archived_time')} AS last_archived_time,
                 ${epoch('last_failed_time')} AS last_failed_time, ${lsnOf('last_archived_wal')} AS last_archived_wal_start_lsn,
                 ${lsnOf('last_failed_wal')} AS last_failed_wal_start_lsn, ${epoch('stats_reset')} AS stats_reset_time
            FROM pg_stat_archiver`,
    columns: {
      ...counters(['archived_count', 'failed_count']),
      seconds_since_last_archival: ['GAUGE', 'Seconds since a segment was archived'],
      seconds_since_last_failure: ['GAUGE', 'Seconds since archiving failed'],
      last_archived_time: ['GAUGE', 'When a segment was last archived'],
      last_failed_time: ['GAUGE', 'When archiving last failed'],
      last_archived_wal_start_lsn: ['GAUGE', 'Start of the last archived segment'],
      last_failed_wal_start_lsn: ['GAUGE', 'Start of the segment that failed last'],
      stats_reset_time: ['GAUGE', 'When these statistics were reset'],
    },
  },
  {
    name: 'pg_stat_bgwriter',
    until: 16,
    sql: `SELECT ${writerCounters16.join(', ')} FROM pg_stat_bgwriter`,
    columns: counters(writerCounters16),
  },
  {
    name: 'pg_stat_bgwriter',
    from: 17,
    sql: `SELECT buffers_clean, maxwritten_clean, buffers_alloc, ${epoch('stats_reset')} AS stats_reset_time FROM pg_stat_bgwriter`,
    columns: {
      ...counters(['buffers_clean', 'maxwritten_clean', 'buffers_alloc']),
      stats_reset_time: ['GAUGE', 'When these statistics were reset'],
    },
  },
  {
    name: 'pg_stat_checkpointer',
    from: 17,
    sql: `SELECT num_timed AS checkpoints_timed, num_requested AS checkpoints_req, restartpoints_timed, restartpoints_req,
                 restartpoints_done, write_time, sync_time, buffers_written, ${epoch('stats_reset')} AS stats_reset_time
            FROM pg_stat_checkpointer`,
    columns: { ...counters(checkpointerCounters), stats_reset_time: ['GAUGE', 'When these statistics were reset'] },
  },
  {
    name: 'pg_stat_database',
    sql: `SELECT datname, ${databaseCounters.join(', ')} FROM pg_stat_database WHERE datname IS NOT NULL`,
    columns: { datname: ['LABEL', ''], ...counters(databaseCounters) },
  },
  {
    name: 'pg_stat_replication',
    primaryOnly: true,
    sql: `SELECT usename, application_name, COALESCE(client_addr::text, '') AS client_addr, COALESCE(client_port::text, '') AS client_port,
                 extract(epoch FROM backend_start) AS backend_start, COALESCE(age(backend_xmin), 0) AS backend_xmin_age,
                 pg_wal_lsn_diff(pg_current_wal_lsn(), sent_lsn) AS sent_diff_bytes,
                 pg_wal_lsn_diff(pg_current_wal_lsn(), write_lsn) AS write_diff_bytes,
                 pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn) AS flush_diff_bytes,
                 COALESCE(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn), 0) AS replay_diff_bytes,
                 COALESCE(extract(epoch FROM write_lag), 0) AS write_lag_seconds,
                 COALESCE(extract(epoch FROM flush_lag), 0) AS flush_lag_seconds,
                 COALESCE(extract(epoch FROM replay_lag), 0) AS replay_lag_seconds
            FROM pg_stat_replication`,
    columns: {
      usename: ['LABEL', ''],
      application_name: ['LABEL', ''],
      client_addr: ['LABEL', ''],
      client_port: ['LABEL', ''],
      backend_start: ['COUNTER', 'When the walsender was started'],
      backend_xmin_age: ['COUNTER', "Age of the standby's xmin"],
      sent_diff_bytes: ['GAUGE', 'Bytes written here and not yet sent'],
      write_diff_bytes: ['GAUGE', 'Bytes written here and not yet by the standby'],
      flush_diff_bytes: ['GAUGE', 'Bytes written here and not yet flushed by the standby'],
      replay_diff_bytes: ['GAUGE', 'Bytes written here and not yet replayed by the standby'],
      write_lag_seconds: ['GAUGE', 'Time until the standby wrote'],
      flush_lag_seconds: ['GAUGE', 'Time until the standby flushed'],
      replay_lag_seconds: ['GAUGE', 'Time until the standby replayed'],
    },
  },
  {
    name: 'pg_settings',
    sql: `SELECT name, CASE setting WHEN 'on' THEN '1' WHEN 'off' THEN '0' ELSE setting END AS setting
            FROM pg_settings WHERE vartype IN ('integer', 'real', 'bool')`,
    columns: { name: ['LABEL', ''], setting: ['GAUGE', 'Value of the setting'] },
  },
];
