import type { Cluster } from '../../api/generated/cluster.ts';
import { annotation } from '../../labels.ts';
import { joiningName, readWriteService, role, slotName } from '../../naming.ts';
import type { ControlData } from '../../postgres/control-data.ts';
import { configurationHash } from '../../postgres/configuration-hash.ts';
import { renderHba } from '../../postgres/hba.ts';
import { renderIdent } from '../../postgres/ident.ts';
import { renderParameters } from '../../postgres/parameters.ts';
import { slotKeepSize } from '../../postgres/slot-keep-size.ts';
import { connectionString, quoteCommandWord, quoteIdentifier, settingsFile } from '../../postgres/quote.ts';
import type { InstanceEnvironment } from '../world/environment.ts';
import { slotWishes } from '../cluster/slot-wishes.ts';

/** Where a standby finds the one it follows. */
export interface PrimaryAddress {
  readonly instance: string;
  readonly ip: string;
  /** False: the lease does not list this life of the directory yet, and no set may count it (protocol, rule 20). */
  readonly admitted?: boolean;
}

export interface SettingsInput {
  readonly cluster: Cluster;
  readonly environment: InstanceEnvironment;
  readonly major: number;
  /** Of this data directory; undefined before there is one. */
  readonly control?: ControlData | undefined;
  readonly standby: boolean;
  readonly primary?: PrimaryAddress | undefined;
  /** Value of synchronous_standby_names. */
  readonly synchronousNames?: string;
  /** Nobody but the instances is let in (protocol, rule 23). */
  readonly refusesClients?: boolean;
}

/** The content of the configuration files by their names in PGDATA. */
export type ConfigurationFiles = Readonly<Record<string, string>>;

/**
 * A standby refuses to replay with less of these than its primary had. So where it is told to have less it keeps what its WAL
 * asks for, until the primary has been restarted with less and has said so in the WAL.
 */
function atLeastThePrimary(settings: Record<string, string>, control: ControlData | undefined): Record<string, string> {
  if (!control) return settings;
  const floor: Record<string, [value: number, fallback: number]> = {
    max_connections: [control.maxConnections, 100],
    max_worker_processes: [control.maxWorkerProcesses, 8],
    max_wal_senders: [control.maxWalSenders, 10],
    max_prepared_transactions: [control.maxPreparedTransactions, 0],
    max_locks_per_transaction: [control.maxLocksPerTransaction, 64],
  };
  const raised = { ...settings };
  for (const [name, [least, fallback]] of Object.entries(floor)) {
    if (Number(settings[name] ?? fallback) < least) raised[name] = String(least);
  }
  return raised;
}

const walRequest = (environment: InstanceEnvironment): string =>
  quoteCommandWord(`${environment.paths.program}/bin/wal-request`);

export function customSettings({
  cluster,
  environment,
  major,
  control,
  standby,
}: SettingsInput): Record<string, string> {
  const { spec } = cluster;
  const { paths } = environment;
  const skipArchiving = cluster.metadata.annotations?.[annotation.skipWalArchiving] === 'enabled';
  const keep = slotKeepSize(spec);
  const settings = renderParameters({
    major,
    user: {
      ...(keep === undefined ? {} : { max_slot_wal_keep_size: `${keep}MB` }),
      ...spec.postgresql?.parameters,
    },
    libraries: spec.postgresql?.shared_preload_libraries ?? [],
    clusterName: cluster.metadata.name,
    listenAddresses: environment.bind ?? '*',
    port: environment.port,
    sockets: paths.sockets,
    certificates: paths.certificates,
    logs: paths.logs,
    // In the place of the shell that PostgreSQL starts for it.
    archiveCommand: `exec ${walRequest(environment)} archive %p`,
    // A standby keeps what the archive does not hold yet (instance/wal/standby-archive.ts).
    archiveMode: skipArchiving ? 'off' : 'always',
    alterSystem: spec.postgresql?.enableAlterSystem ?? false,
    hash: configurationHash(cluster),
  });
  const temporary = (spec.tablespaces ?? []).filter((tablespace) => tablespace.temporary === true);
  if (temporary.length > 0)
    settings['temp_tablespaces'] = temporary.map(({ name }) => quoteIdentifier(name)).join(', ');
  return standby ? atLeastThePrimary(settings, control) : settings;
}

/** How this instance streams from the primary: by address, verified by the name of the service (architecture §1). */
export const primaryConninfo = (environment: InstanceEnvironment, primary: PrimaryAddress): string =>
  connectionString(primaryConninfoWords(environment, primary));

export function primaryConninfoWords(
  environment: InstanceEnvironment,
  primary: PrimaryAddress,
): Record<string, string> {
  const { certificates } = environment.paths;
  return {
    host: readWriteService(environment.clusterName),
    hostaddr: primary.ip,
    port: String(environment.port),
    user: role.replication,
    dbname: 'postgres',
    application_name: primary.admitted === false ? joiningName(environment.podName) : environment.podName,
    sslmode: 'verify-full',
    sslrootcert: `${certificates}/server-ca.crt`,
    sslcert: `${certificates}/streaming_replica.crt`,
    sslkey: `${certificates}/streaming_replica.key`,
    connect_timeout: '5',
    tcp_user_timeout: String(environment.tcpUserTimeoutMs),
  };
}

/**
 * Consumers of logical slots get only what all other instances have, so that the slots are good after any failover: PostgreSQL's own
 * way from 17 on, the library's where it is loaded.
 */
function logicalSettings({ cluster, environment, major }: SettingsInput): Record<string, string> {
  const { highAvailability } = cluster.spec.replicationSlots ?? {};
  if (highAvailability?.synchronizeLogicalDecoding !== true || highAvailability.enabled === false) return {};
  const { others } = slotWishes(cluster, environment.podName);
  if (major >= 17) return { synchronized_standby_slots: others.join(',') };
  return { 'pg_failover_slots.standby_slot_names': others.join(',') };
}

export function overrideSettings(input: SettingsInput): Record<string, string> {
  const { cluster, environment, standby, primary, synchronousNames = '' } = input;
  const slots = cluster.spec.replicationSlots?.highAvailability;
  const settings: Record<string, string> = {
    restore_command: `${walRequest(environment)} restore %f %p`,
    recovery_target_timeline: 'latest',
    ...logicalSettings(input),
    synchronous_standby_names: synchronousNames,
  };
  if (!standby || !primary || primary.instance === environment.podName) return settings;
  settings['primary_conninfo'] = primaryConninfo(environment, primary);
  if (slots?.enabled !== false) {
    settings['primary_slot_name'] = slotName(slots?.slotPrefix ?? '_cnpg_', environment.podName);
  }
  return settings;
}

export function configurationFiles(input: SettingsInput): ConfigurationFiles {
  const { cluster, environment, major } = input;
  const postgresql = cluster.spec.postgresql ?? {};
  const selectors = new Map((cluster.status?.podSelectorRefs ?? []).map(({ name, ips }) => [name, ips ?? []]));
  return {
    'custom.conf': settingsFile(customSettings(input)),
    'override.conf': settingsFile(overrideSettings(input)),
    'pg_hba.conf': renderHba({
      major,
      closed: input.refusesClients === true,
      userRules: postgresql.pg_hba ?? [],
      podSelectors: selectors,
    }),
    'pg_ident.conf': renderIdent(environment.systemUser, postgresql.pg_ident ?? []),
  };
}
