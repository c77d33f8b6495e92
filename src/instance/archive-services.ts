import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import type { Cluster } from '../api/generated/cluster.ts';
import { type EventRecorder, createEventRecorder } from '../kube/events.ts';
import type { KubeApi } from '../kube/port.ts';
import { ArchivePlaceError, ArchivePlaceUnknown } from '../resources/archive-place.ts';
import { annotation } from '../labels.ts';
import { type ControlData, parseControlData } from '../postgres/control-data.ts';
import { BackupRunner } from './backup/runner.ts';
import { backUpInWorker } from './backup/worker-process.ts';
import { workerCommand } from './programs/worker-command.ts';
import { credentialsByRole } from './iam/child.ts';
import { followObjectStores } from './cluster/object-store-source.ts';
import { RetentionKeeper, type RetentionKeeperDeps } from './retention/keeper.ts';
import { retentionSettings } from './retention/settings.ts';
import type { ServerAddress } from './replication/connection.ts';
import type { WalHandlers } from './wal/port.ts';
import { ArchiveOwner } from './wal/archive-owner.ts';
import { archiveSection } from './wal/archive-section.ts';
import { ArchiveSource } from './wal/archive-source.ts';
import { checkArchives } from './wal/archive-check.ts';
import { Archiver } from './wal/archive.ts';
import { type ServerSeen, createDuty } from './wal/duty.ts';
import { StandbyArchive } from './wal/standby-archive.ts';
import { ArchivingReporter, conditionWriter } from './wal/condition.ts';
import { HistoryCache, archivedHistory, findHistory } from './wal/history.ts';
import { Shipper } from './wal/shipper.ts';
import { Restorer } from './wal/restore.ts';
import { Written } from './wal/written.ts';

export interface ArchiveServicesDeps {
  readonly kube: KubeApi;
  readonly namespace: string;
  readonly clusterName: string;
  readonly podName: string;
  readonly dataDirectory: string;
  /** Newest known Cluster. */
  readonly cluster: () => Cluster | undefined;
  /** This instance serves as the cluster's primary. */
  readonly isPrimary: () => boolean;
  readonly server: () => ServerSeen;
  /** Process id of the postmaster that was seen last. */
  readonly postmaster: () => number | undefined;
  /** The epoch that this instance leads by the lease. */
  readonly epoch: () => number | undefined;
  /** A statement on the server beside us, as superuser. */
  readonly query: (sql: string) => Promise<Record<string, unknown>[]>;
  /** The same server for sessions of our own: unix socket, superuser. */
  readonly socket: { readonly host: string; readonly port: number };
  readonly replication: () => Promise<ServerAddress>;
  readonly log: Logger;
  /** The manager's life. */
  readonly signal: AbortSignal;
}

export interface ArchiveServices extends AsyncDisposable {
  readonly handlers: WalHandlers;
  readonly archiver: Archiver;
  readonly backups: BackupRunner;
  /** The history file of a timeline as the archive has it. */
  history(timeline: number, signal: AbortSignal): Promise<string | undefined>;
  /** The highest epoch that has written to the archive, as far as it is known. */
  epoch(): number | undefined;
}

/** Seconds between two runs of retention when no backup is taken. */
const retentionInterval = 1_800;

/** Milliseconds in which a standby, which has another way to its WAL, does not ask an archive that has just not answered. */
const standbyPatience = 5_000;

/** `instead` for an archive that cannot be used; why, the archiver says. */
function attempt<T, E>(work: () => T, instead: (error: ArchivePlaceError) => E): T | E {
  try {
    return work();
  } catch (error) {
    if (error instanceof ArchivePlaceError) return instead(error);
    throw error;
  }
}

/** What of an archive that cannot be used is to be reported: not that nobody knows yet. */
const toCheck = (error: ArchivePlaceError): string | undefined =>
  error instanceof ArchivePlaceUnknown ? undefined : error.message;

/** What pg_control says of the database. */
function controlFacts(dataDirectory: string) {
  const control = async (): Promise<ControlData> =>
    parseControlData(await readFile(path.join(dataDirectory, 'global/pg_control')));
  let size: number | undefined;
  return {
    // A cluster has one size for ever.
    segmentSize: async (): Promise<number> => (size ??= (await control()).walSegmentSize),
    systemIdentifier: async (): Promise<string> => (await control()).systemIdentifier,
  };
}

interface RestoreParts {
  readonly source: ArchiveSource;
  readonly segmentSize: () => Promise<number>;
  readonly histories: HistoryCache;
}

function createRestorer(deps: ArchiveServicesDeps, { source, segmentSize, histories }: RestoreParts): Restorer {
  const { dataDirectory, cluster, podName, log, signal } = deps;
  return new Restorer({
    ...{ dataDirectory, source, segmentSize, signal },
    // Who is to become primary needs what the others must not see yet.
    history: (until) => {
      const status = cluster()?.status;
      return histories.get(status?.targetPrimary === podName ? undefined : status?.timelineID, until);
    },
    onFailure: 'stream',
    patience: standbyPatience,
    log: log.child({ logger: 'wal-restore' }),
  });
}

type Section = ReturnType<typeof archiveSection>;

interface BackupParts extends Pick<RetentionKeeperDeps, 'systemIdentifier' | 'history'> {
  readonly source: ArchiveSource;
  readonly section: () => Section;
  /** The same where an archive that cannot be used counts as none. */
  readonly place: () => Section;
  readonly events: EventRecorder;
}

function createBackups(deps: ArchiveServicesDeps, parts: BackupParts) {
  const { kube, namespace, clusterName, podName, dataDirectory, cluster, isPrimary, replication, log, signal } = deps;
  const { source, section, place, events } = parts;
  const command = workerCommand(log.level);
  const retention = new RetentionKeeper({
    ...{ kube, namespace, clusterName, dataDirectory, source, isPrimary, events, place, signal },
    settings: () => retentionSettings(cluster(), place()?.retentionPolicy),
    intervalMs: () => (place()?.retentionInterval ?? retentionInterval) * 1000,
    systemIdentifier: parts.systemIdentifier,
    history: parts.history,
    log: log.child({ logger: 'retention' }),
  });
  const sql = { ...deps.socket, user: 'postgres', database: 'postgres' };
  const backups = new BackupRunner({
    ...{ kube, namespace, clusterName, podName, source, section, sql, replication, isPrimary, events },
    perform: (run) => backUpInWorker(command, run),
    onLook: (all) => retention.look(all),
    log: log.child({ logger: 'backup' }),
  });
  return { retention, backups };
}

/** Archive, restore and backups of a running instance. `backups.run(signal)` is for the caller to run. */
export function createArchiveServices(deps: ArchiveServicesDeps): ArchiveServices {
  const { kube, namespace, clusterName, podName, dataDirectory, cluster, isPrimary, query, log, signal } = deps;
  const stores = followObjectStores(kube, namespace, log, signal);
  const section = () => archiveSection(cluster(), stores.lookup);
  const place = () => attempt(section, () => undefined);
  const source = new ArchiveSource(kube, namespace, section, { find: credentialsByRole(log.level) });
  const histories = new HistoryCache((timeline, until) =>
    findHistory(dataDirectory, timeline, () => source.get(until), until),
  );
  const written = new Written({ query, postmaster: deps.postmaster });
  const writtenHistory = async () => histories.get(await written.timeline(), signal);
  const { segmentSize, systemIdentifier } = controlFacts(dataDirectory);
  const walLog = log.child({ logger: 'wal-archive' });
  const reporter = new ArchivingReporter(conditionWriter(kube, { namespace, name: clusterName }, signal), walLog);
  const events = createEventRecorder(kube, { component: 'instance-manager', instance: podName });
  const duty = createDuty(deps.server);
  const owner = new ArchiveOwner({
    ...{ dataDirectory, systemIdentifier },
    skipEmptyCheck: () => cluster()?.metadata.annotations?.[annotation.skipEmptyWalArchiveCheck] === 'enabled',
    writer: () => {
      const epoch = deps.epoch();
      return epoch === undefined ? undefined : { epoch, instance: podName };
    },
  });
  const warn = (reason: string, message: string): void => {
    const about = cluster();
    if (about) events.emit(about, { type: 'Warning', reason, message });
  };
  const shipper = new Shipper(workerCommand(log.level, 'wal-worker'));
  const archiver = new Archiver({
    dataDirectory,
    source,
    role: () => duty().role,
    timeLeft: () => duty().timeLeft,
    standby: new StandbyArchive({
      ...{ source, segmentSize, log: walLog },
      history: () => histories.get(cluster()?.status?.timelineID, signal),
      isStandby: () => duty().role === 'standby' && duty().timeLeft === undefined,
      onReleased: (message) => warn('WalNotKept', message),
    }),
    systemIdentifier,
    history: writtenHistory,
    written: written.segment,
    segmentSize,
    owner,
    alarm: (message) => warn('WalArchiveNotOurs', message.slice(0, 1024)),
    ship: shipper.ship,
    reporter,
    log: walLog,
    signal,
  });
  const checking = checkArchives(
    { archiver, section: () => attempt(section, toCheck), isPrimary, log: walLog },
    signal,
  );
  const restorer = createRestorer(deps, { source, segmentSize, histories });
  const { retention, backups } = createBackups(deps, {
    ...{ source, section, place, events, systemIdentifier },
    history: writtenHistory,
  });
  return {
    handlers: { archiver, restorer },
    archiver,
    backups,
    epoch: () => owner.epoch,
    history: (timeline, until) => archivedHistory(timeline, () => source.get(until), until),
    async [Symbol.asyncDispose]() {
      await checking;
      await retention.settled();
      await stores.settled();
      await reporter.settled();
      await events.flush();
      await restorer.close();
      shipper[Symbol.dispose]();
      source[Symbol.dispose]();
    },
  };
}
