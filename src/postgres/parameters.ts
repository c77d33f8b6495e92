import { blockedParameters, fixedParameters, globalParameters } from '../api/cluster/parameters.ts';

/** Parameters whose presence loads a library (reference §2.16). */
const managedLibraries: readonly (readonly [prefix: string, library: string])[] = [
  ['pgaudit.', 'pgaudit'],
  ['pg_stat_statements.', 'pg_stat_statements'],
  ['auto_explain.', 'auto_explain'],
  ['pg_failover_slots.', 'pg_failover_slots'],
];

export interface ParameterInput {
  readonly major: number;
  /** spec.postgresql.parameters. */
  readonly user: Readonly<Record<string, string>>;
  /** spec.postgresql.shared_preload_libraries. */
  readonly libraries: readonly string[];
  readonly clusterName: string;
  readonly listenAddresses: string;
  readonly port: number;
  /** Directories and the archive command of this instance. */
  readonly sockets: string;
  readonly certificates: string;
  readonly logs: string;
  readonly archiveCommand: string;
  readonly archiveMode: 'on' | 'off' | 'always';
  readonly alterSystem: boolean;
  /** Of the inputs that the Cluster gives, reported back by SHOW. */
  readonly hash: string;
}

/** The user's libraries, then those that the user's parameters ask for, each once. */
export function preloadLibraries(libraries: readonly string[], user: Readonly<Record<string, string>>): string[] {
  const asked = managedLibraries
    .filter(([prefix]) => Object.keys(user).some((name) => name.startsWith(prefix)))
    .map(([, library]) => library);
  return [...new Set([...libraries, ...asked])];
}

/** The content of custom.conf: global defaults, the user's values, and what only the operator decides, in this order of precedence. */
export function renderParameters(input: ParameterInput): Record<string, string> {
  const user = Object.entries(input.user).filter(
    ([name]) => !fixedParameters.has(name) && !blockedParameters.has(name),
  );
  return {
    ...globalParameters,
    wal_retrieve_retry_interval: '200ms',
    // A walsender is known to go by a new set of synchronous standbys once it had two replies (protocol, rule 19).
    wal_receiver_status_interval: '1s',
    ...Object.fromEntries(user),
    ...(input.major >= 17 ? { allow_alter_system: input.alterSystem ? 'on' : 'off' } : {}),
    archive_command: input.archiveCommand,
    archive_mode: input.archiveMode,
    cluster_name: input.clusterName,
    hot_standby: 'on',
    listen_addresses: input.listenAddresses,
    log_directory: input.logs,
    port: String(input.port),
    restart_after_crash: 'off',
    shared_preload_libraries: preloadLibraries(input.libraries, input.user).join(','),
    ssl: 'on',
    ssl_ca_file: `${input.certificates}/client-ca.crt`,
    ssl_cert_file: `${input.certificates}/server.crt`,
    ssl_key_file: `${input.certificates}/server.key`,
    unix_socket_directories: input.sockets,
    'cnpg.config_sha256': input.hash,
  };
}
