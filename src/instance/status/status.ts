// The answer of /pg/status: keys as the reference has them (§2.1), because existing tools read them.
import { readdir, readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { InstanceContext } from '../context/context.ts';
import type { InstanceEnvironment } from '../world/environment.ts';
import type { Session } from '../sql/session.ts';
import type { InstanceView } from '../world/view.ts';

type Json = Record<string, unknown>;

export interface StatusSource {
  readonly environment: InstanceEnvironment;
  readonly session: Session;
  readonly view: () => InstanceView | undefined;
  readonly executableHash: string;
  readonly version: string;
  readonly sessionId: string;
  readonly ready: () => boolean;
  /** What the protocol has to tell. */
  readonly ha: Pick<InstanceContext['ha'], 'roleChange' | 'handover' | 'rewinding' | 'stalled'>;
  readonly disks: InstanceContext['disks'];
}

const serverQuery = `
  SELECT s.system_identifier::text AS "systemID",
         CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_wal_lsn()::text END AS "currentLsn",
         CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_walfile_name(pg_current_wal_lsn()) END AS "currentWAL",
         COALESCE(pg_last_wal_receive_lsn(), '0/0')::text AS "receivedLsn",
         COALESCE(pg_last_wal_replay_lsn(), '0/0')::text AS "replayLsn",
         CASE WHEN pg_is_in_recovery()
              THEN GREATEST((SELECT received_tli FROM pg_stat_wal_receiver), (SELECT timeline_id FROM pg_control_checkpoint()))
              ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END AS "timeLineID",
         EXISTS (SELECT 1 FROM pg_stat_wal_receiver) AS "isWalReceiverActive",
         COALESCE(a.last_archived_wal, '') AS "lastArchivedWAL",
         COALESCE(to_char(a.last_archived_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '') AS "lastArchivedWALTime",
         COALESCE(a.last_failed_wal, '') AS "lastFailedWAL",
         COALESCE(to_char(a.last_failed_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '') AS "lastFailedWALTime",
         COALESCE(a.last_archived_time, '-infinity') > COALESCE(a.last_failed_time, '-infinity') AS "isArchivingWAL"
    FROM pg_control_system() s, pg_stat_archiver a`;

const replicationQuery = `
  SELECT application_name AS "applicationName", state, sent_lsn::text AS "sentLsn", write_lsn::text AS "writeLsn",
         flush_lsn::text AS "flushLsn", replay_lsn::text AS "replayLsn", COALESCE(write_lag, '0'::interval)::text AS "writeLag",
         COALESCE(flush_lag, '0'::interval)::text AS "flushLag", COALESCE(replay_lag, '0'::interval)::text AS "replayLag",
         sync_state AS "syncState", sync_priority::text AS "syncPriority"
    FROM pg_stat_replication WHERE usename = 'streaming_replica' ORDER BY application_name`;

const slotsQuery = `
  SELECT slot_name AS "slotName", COALESCE(plugin, '') AS plugin, slot_type AS "slotType", COALESCE(datoid::text, '') AS datoid,
         COALESCE(database, '') AS database, active, COALESCE(restart_lsn::text, '') AS "restartLsn",
         COALESCE(wal_status, '') AS "walStatus", safe_wal_size AS "safeWalSize"
    FROM pg_replication_slots WHERE NOT temporary ORDER BY slot_name`;

const backupsQuery = `
  SELECT s.usename, s.application_name AS "applicationName", s.backend_start::text AS "backendStart", b.phase,
         COALESCE(b.backup_total, 0) AS "backupTotal", b.backup_streamed AS "backupStreamed",
         COALESCE(pg_size_pretty(b.backup_total), '') AS "backupTotalPretty", pg_size_pretty(b.backup_streamed) AS "backupStreamedPretty",
         b.tablespaces_total AS "tablespacesTotal", b.tablespaces_streamed AS "tablespacesStreamed"
    FROM pg_stat_progress_basebackup b JOIN pg_stat_activity s USING (pid) ORDER BY s.backend_start`;

/** A parameter of which a restart would set less than now: the primary then goes first. */
const decreaseQuery = `
  SELECT EXISTS (SELECT 1 FROM pg_settings s JOIN pg_file_settings f USING (name)
    WHERE s.pending_restart AND f.error IS NULL AND f.setting ~ '^[0-9]+$' AND f.setting::bigint < s.setting::bigint
      AND s.name IN ('max_connections', 'max_worker_processes', 'max_wal_senders', 'max_prepared_transactions',
                     'max_locks_per_transaction')) AS less`;

async function readyWalFiles(dataDirectory: string): Promise<number> {
  const names = await readdir(path.join(dataDirectory, 'pg_wal/archive_status')).catch(() => []);
  return names.filter((name) => name.endsWith('.ready')).length;
}

/** Of the program that runs; changes with every build. */
export async function executableHash(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

async function askServer({ session }: StatusSource, view: InstanceView): Promise<Json> {
  const [main = {}] = await session.query(serverQuery);
  const decrease = view.server?.pendingRestart.length ? await session.query<{ less: boolean }>(decreaseQuery) : [];
  return {
    ...Object.fromEntries(Object.entries(main).filter(([, value]) => value !== null)),
    pendingRestartForDecrease: decrease[0]?.less ?? false,
    replicationInfo: await session.query(replicationQuery),
    replicationSlotsInfo: await session.query(slotsQuery),
    pgStatBasebackupsInfo: await session.query(backupsQuery),
  };
}

/** Never rejects: what cannot be asked of the server is told as unavailability, with the reason. */
export async function collectStatus(source: StatusSource): Promise<Json> {
  const { environment } = source;
  const view = source.view();
  const control = view?.data.state === 'valid' ? view.data.control : undefined;
  const running = view !== undefined && view.postmaster.state !== 'down';
  let problem = view ? view.problems.join('; ') : 'the manager has just started';
  let server: Json | undefined;
  if (view?.postmaster.state === 'up') {
    server = await askServer(source, view).catch((error: unknown) => {
      problem = error instanceof Error ? error.message : String(error);
      return undefined;
    });
  } else if (problem === '') problem = `PostgreSQL is ${view?.postmaster.state} (${view?.action.rule})`;
  return {
    systemID: control?.systemIdentifier ?? '',
    timeLineID: control?.checkpointTimeline ?? 0,
    isWalReceiverActive: false,
    isArchivingWAL: false,
    pendingRestartForDecrease: false,
    replicationInfo: [],
    replicationSlotsInfo: [],
    pgStatBasebackupsInfo: [],
    ...server,
    isPrimary: running && view.facts.role === 'primary',
    replayPaused: view?.server?.replayPaused ?? false,
    problem: view?.problems.join('; ') ?? '',
    volumes: source.disks.volumes,
    notEnoughDiskSpace: view?.facts.diskFull ?? false,
    pendingRestart: (view?.server?.pendingRestart.length ?? 0) > 0,
    isPgRewindRunning: source.ha.rewinding,
    mightBeUnavailable: server === undefined,
    mightBeUnavailableMaskedError: server === undefined ? problem : '',
    readyWalFiles: await readyWalFiles(environment.paths.data),
    node: environment.nodeName,
    pod: { metadata: { name: environment.podName, namespace: environment.namespace, uid: environment.podUid } },
    loadedConfigurationHash: view?.server?.configurationHash ?? '',
    executableHash: source.executableHash,
    instanceManagerVersion: source.version,
    instanceArch: process.arch === 'x64' ? 'amd64' : process.arch,
    isInstanceManagerUpgrading: false,
    sessionID: source.sessionId,
    isPodReady: source.ready(),
    ...(source.ha.roleChange === undefined ? {} : { roleChange: source.ha.roleChange }),
    ...(source.ha.stalled === undefined ? {} : { stalled: source.ha.stalled }),
    ...(source.ha.handover === undefined ? {} : { handover: source.ha.handover }),
  };
}
