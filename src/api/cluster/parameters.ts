// Which settings of postgresql.conf are whose (reference §2.16).

/** Filled in where the Cluster says nothing; all but the logging ones may be overridden. */
export const globalParameters: Readonly<Record<string, string>> = {
  archive_timeout: '5min',
  dynamic_shared_memory_type: 'posix',
  full_page_writes: 'on',
  log_destination: 'csvlog',
  log_directory: '/controller/log',
  log_filename: 'postgres',
  log_rotation_age: '0',
  log_rotation_size: '0',
  log_truncate_on_rotation: 'false',
  logging_collector: 'on',
  max_parallel_workers: '32',
  max_replication_slots: '32',
  max_worker_processes: '32',
  shared_memory_type: 'mmap',
  shared_preload_libraries: '',
  ssl_max_protocol_version: 'TLSv1.3',
  ssl_min_protocol_version: 'TLSv1.3',
  wal_keep_size: '512MB',
  wal_level: 'logical',
  wal_log_hints: 'on',
  wal_receiver_timeout: '5s',
  wal_sender_timeout: '5s',
};

/** Owned by the operator: their values follow from the rest of the Cluster. */
export const fixedParameters: ReadonlySet<string> = new Set([
  'archive_command',
  'archive_mode',
  'cluster_name',
  'pg_failover_slots.primary_dsn',
  'pg_failover_slots.standby_slot_names',
  'port',
  'primary_conninfo',
  'primary_slot_name',
  'recovery_target',
  'recovery_target_action',
  'recovery_target_inclusive',
  'recovery_target_lsn',
  'recovery_target_name',
  'recovery_target_time',
  'recovery_target_timeline',
  'recovery_target_xid',
  'restore_command',
  'shared_preload_libraries',
  'ssl',
  'ssl_ca_file',
  'ssl_cert_file',
  'ssl_crl_file',
  'ssl_dh_params_file',
  'ssl_key_file',
  'ssl_passphrase_command',
  'ssl_passphrase_command_supports_reload',
  'ssl_prefer_server_ciphers',
  'synchronized_standby_slots',
  'synchronous_standby_names',
  'temp_tablespaces',
]);

/** Not allowed, because an instance would not work with them, or cannot have them. */
export const blockedParameters: ReadonlySet<string> = new Set([
  'allow_system_table_mods',
  'archive_cleanup_command',
  'bonjour',
  'bonjour_name',
  'config_file',
  'data_directory',
  'data_sync_retry',
  'event_source',
  'external_pid_file',
  'hba_file',
  'hot_standby',
  'ident_file',
  'jit_provider',
  'listen_addresses',
  'log_destination',
  'log_directory',
  'log_file_mode',
  'log_filename',
  'log_rotation_age',
  'log_rotation_size',
  'log_truncate_on_rotation',
  'logging_collector',
  'promote_trigger_file',
  'recovery_end_command',
  'recovery_min_apply_delay',
  'restart_after_crash',
  'stats_temp_directory',
  'syslog_facility',
  'syslog_ident',
  'syslog_sequence_numbers',
  'syslog_split_messages',
  'unix_socket_directories',
  'unix_socket_group',
  'unix_socket_permissions',
]);

/** PostgreSQL's reading of a boolean setting: any unambiguous beginning of on, off, true, false, yes, no, 1, 0; else undefined. */
export function parseBooleanSetting(text: string): boolean | undefined {
  const value = text.trim().toLowerCase();
  if (value === '1' || value === 'on' || isPrefix(value, 'true') || isPrefix(value, 'yes')) return true;
  if (
    value === '0' ||
    (isPrefix(value, 'off') && value.length > 1) ||
    isPrefix(value, 'false') ||
    isPrefix(value, 'no')
  )
    return false;
  return undefined;
}

const isPrefix = (value: string, word: string): boolean => value !== '' && word.startsWith(value);

const memoryUnits: Readonly<Record<string, number>> = { B: 1, kB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 };

/** Bytes of a memory setting such as `128MB`; a bare number counts in `unit` bytes. Undefined: not a size. */
export function parseMemorySetting(text: string, unit: number): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|TB)?\s*$/.exec(text);
  if (!match) return undefined;
  return Number(match[1]) * (match[2] === undefined ? unit : (memoryUnits[match[2]] ?? unit));
}
