import type pg from 'pg';
import type { Logger } from 'pino';
import { setTimeout as delay } from 'node:timers/promises';
import type { EventMessage, EventRecorder } from '../../kube/events.ts';
import type { KubeApi } from '../../kube/port.ts';
import { Reflector } from '../../kube/reflector.ts';
import { resource } from '../../kube/resource-types.ts';
import { ArchivePlaceUnknown } from '../../resources/archive-place.ts';
import { readCatalog } from './catalog.ts';
import type { ServerAddress } from '../replication/connection.ts';
import type { Archive, ArchiveSource, SectionAt } from '../wal/archive-source.ts';
import { reportBackup } from './cluster-status.ts';
import { extentRequest } from './extent.ts';
import { type Backup, type BackupStatus, kubeTime, locationStatus } from './objects.ts';
import { reportRecoveryWindow } from './recovery-window.ts';
import { type RunBackup, removeObjects } from './run-backup.ts';
import { withClient } from './server-facts.ts';

export interface BackupRunnerDeps {
  readonly kube: KubeApi;
  readonly namespace: string;
  readonly clusterName: string;
  readonly podName: string;
  readonly source: Pick<ArchiveSource, 'get'>;
  readonly section: () => SectionAt | undefined;
  /** The server beside this manager, as superuser. */
  readonly sql: pg.ClientConfig;
  /** The same server for replication connections. */
  readonly replication: () => ServerAddress | Promise<ServerAddress>;
  readonly isPrimary: () => boolean;
  /** `runBackup`, here or in a process of its own. */
  readonly perform: (run: RunBackup) => Promise<{ id: string; stoppedAt: Date }>;
  readonly events: Pick<EventRecorder, 'emit'>;
  /** Told of all backups now and then. */
  readonly onLook?: (backups: readonly Backup[]) => void;
  readonly log: Logger;
  /** Default one hour. */
  readonly walPatience?: number;
}

const defaultMethod = 'barmanObjectStore';
/** The same work for both: the plugin's store is only said elsewhere. */
const methods = [defaultMethod, 'plugin'];
const defaultPatience = 3_600_000;
/** For the API server to tell of an ObjectStore. */
const placePatience = 60_000;
/** Between two looks at backups that nothing has happened to. */
const interval = 1_000;

/** What the Backup says of its beginning counts more than what the Cluster says of all. */
function begunAs({ spec }: Backup, archive: Archive): Archive {
  const { config } = archive;
  const { immediateCheckpoint = config.data.immediateCheckpoint } = spec?.onlineConfiguration ?? {};
  return { ...archive, config: { ...config, data: { ...config.data, immediateCheckpoint } } };
}

/** Does the backups that the operator assigned to this instance, one at a time; as primary it also closes segments for others'. */
export class BackupRunner {
  readonly #deps: BackupRunnerDeps;
  /** Uids of backups that this life of the manager has taken on. */
  readonly #taken = new Set<string>();

  constructor(deps: BackupRunnerDeps) {
    this.#deps = deps;
  }

  /** Until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { kube, namespace, log } = this.#deps;
    const backups = new Reflector<Backup>(kube, resource.backups, { namespace });
    backups.on('failed', (error) => log.debug({ err: error }, 'Backups cannot be watched just now'));
    const watching = backups.run(signal);
    while (!signal.aborted) {
      if (backups.synced) this.#deps.onLook?.(backups.store.list());
      await this.pass([...backups.store.list()], signal);
      await delay(interval, undefined, { signal }).catch(() => undefined);
    }
    await watching;
  }

  /** Looks at all backups once and does what is to be done. Does not throw. */
  async pass(backups: readonly Backup[], signal: AbortSignal): Promise<void> {
    const mine = backups
      .filter(
        ({ spec }) => spec?.cluster?.name === this.#deps.clusterName && methods.includes(spec.method ?? defaultMethod),
      )
      .sort((a, b) => ((a.metadata?.creationTimestamp ?? '') < (b.metadata?.creationTimestamp ?? '') ? -1 : 1));
    for (const backup of mine) {
      if (signal.aborted) return;
      await this.#closeSegment(backup).catch((error: unknown) =>
        this.#deps.log.warn({ err: error, backup: backup.metadata?.name }, 'The WAL segment could not be switched'),
      );
      if (this.#isMine(backup)) await this.#execute(backup, signal);
    }
  }

  #isMine({ status, metadata }: Backup): boolean {
    if (status?.instanceID?.podName !== this.#deps.podName) return false;
    return (status.phase === 'started' || status.phase === 'running') && !this.#taken.has(metadata?.uid ?? '');
  }

  /** A backup taken from a standby ends inside a segment that only the primary can complete, be it on a later timeline. */
  async #closeSegment({ status }: Backup): Promise<void> {
    const endWal = status?.endWal;
    if (status?.phase !== 'running' || endWal === undefined || !this.#deps.isPrimary()) return;
    await withClient(this.#deps.sql, (client) =>
      client.query(
        `SELECT pg_catalog.pg_switch_wal()
          WHERE pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 9) COLLATE "C"
                <= pg_catalog.substr($1, 9)`,
        [endWal],
      ),
    );
  }

  async #execute(backup: Backup, signal: AbortSignal): Promise<void> {
    const { kube, namespace, log } = this.#deps;
    const name = backup.metadata?.name ?? '';
    const write = async (status: BackupStatus): Promise<void> => {
      await kube.patchStatus<Backup>(resource.backups, { namespace, name }, { status }, { signal });
      const { commandOutput: message } = status;
      if (message !== undefined)
        this.#emit(backup, { type: 'Warning', reason: 'FullBackup', message: message.slice(0, 1024) });
    };
    this.#taken.add(backup.metadata?.uid ?? '');
    try {
      await this.#perform(backup, write, signal);
    } catch (error) {
      if (signal.aborted) return;
      log.error({ err: error, backup: name }, 'Backup failed');
      await this.#fail(backup, error, write, signal);
    }
  }

  /** An ObjectStore is followed from the first question on, so the first answer of all says nothing. */
  async #place(signal: AbortSignal): Promise<SectionAt | undefined> {
    for (const began = performance.now(); ; await delay(100, undefined, { signal })) {
      try {
        return this.#deps.section();
      } catch (error) {
        if (!(error instanceof ArchivePlaceUnknown) || performance.now() - began > placePatience) throw error;
      }
    }
  }

  async #perform(backup: Backup, write: (status: BackupStatus) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { source, sql, replication, log, walPatience } = this.#deps;
    const at = await this.#place(signal);
    const archive = await source.get(signal);
    if (!at || !archive) throw new Error('the cluster keeps no backups in an object store');
    const method = at.method ?? defaultMethod;
    const wanted = backup.spec?.method ?? defaultMethod;
    if (wanted !== method)
      throw new Error(`spec.method: the cluster's object store is for method ${method}, not ${wanted}`);
    const status = backup.status ?? {};
    const key = { namespace: this.#deps.namespace, name: this.#deps.clusterName };
    if (status.phase === 'running' && status.endLSN === undefined) {
      throw new Error('InstanceManagerRestarted: the instance manager was restarted while the backup was being taken');
    }
    if (status.phase === 'started') {
      await write({ ...locationStatus(at.section, at.defaultServer), method, phase: 'running' });
      await reportBackup(this.#deps.kube, key, { kind: 'started' }, signal);
      const message = `Taking a base backup of cluster ${this.#deps.clusterName} from ${this.#deps.podName}`;
      this.#emit(backup, { type: 'Normal', reason: 'Starting', message });
    }
    const name = backup.metadata?.name ?? '';
    const patience = { walPatience: walPatience ?? defaultPatience };
    const asked = extentRequest(backup.metadata?.annotations);
    const run = {
      archive: begunAs(backup, archive),
      name,
      status,
      sql,
      replication: await replication(),
      asked,
      write,
      log,
      signal,
      ...patience,
    };
    const { stoppedAt, id } = await this.#deps.perform(run);
    log.info({ backup: name, backupId: id }, 'Backup completed');
    this.#emit(backup, { type: 'Normal', reason: 'Completed', message: `Backup ${id} is completed` });
    await this.#succeeded(archive, at, stoppedAt, signal);
  }

  /** Items of a list do not say what they are. */
  #emit(backup: Backup, event: EventMessage): void {
    const { group, version, kind } = resource.backups;
    this.#deps.events.emit({ ...backup, apiVersion: `${group}/${version}`, kind }, event);
  }

  async #succeeded(archive: Archive, place: SectionAt, at: Date, signal: AbortSignal): Promise<void> {
    const { kube, namespace, clusterName: name, log } = this.#deps;
    const { method = defaultMethod } = place;
    try {
      // A store that fails just now makes the backup no less complete.
      const catalog = await readCatalog(archive.store, archive.config.location, signal).catch((error: unknown) => {
        log.warn({ err: error }, 'The first point of recoverability could not be read');
      });
      const firstRecoverabilityPoint = catalog?.backups[0]?.info.endTime;
      await reportBackup(
        kube,
        { namespace, name },
        { kind: 'succeeded', at, method, firstRecoverabilityPoint },
        signal,
      );
      const window = { firstRecoverabilityPoint, lastSuccessfulBackupTime: at };
      await reportRecoveryWindow(kube, namespace, place, window, signal);
    } catch (error) {
      // The backup itself says that it is complete.
      log.warn({ err: error }, 'The success of the backup could not be noted in the cluster');
    }
  }

  async #fail(
    backup: Backup,
    error: unknown,
    write: (status: BackupStatus) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const { kube, namespace, clusterName, log, source } = this.#deps;
    const message = error instanceof Error ? error.message : String(error);
    try {
      const newest = await kube.get<Backup>(
        resource.backups,
        { namespace, name: backup.metadata?.name ?? '' },
        { signal },
      );
      const archive = await source.get(signal).catch(() => undefined);
      if (archive && newest?.status?.backupId !== undefined)
        await removeObjects(archive, newest.status.backupId, signal);
    } catch (err) {
      log.warn({ err, backup: backup.metadata?.name }, 'Objects of the failed backup could not be removed');
    }
    try {
      await write({ phase: 'failed', error: message, stoppedAt: kubeTime(new Date()) });
      this.#emit(backup, { type: 'Warning', reason: 'Failed', message: `Backup failed: ${message}`.slice(0, 1024) });
      const event = { kind: 'failed' as const, at: new Date(), message };
      await reportBackup(kube, { namespace, name: clusterName }, event, signal);
      const place = this.#deps.section();
      if (place) await reportRecoveryWindow(kube, namespace, place, { lastFailedBackupTime: event.at }, signal);
    } catch (err) {
      // Still `running` in the API: looked at again, and then failed.
      this.#taken.delete(backup.metadata?.uid ?? '');
      log.warn({ err, backup: backup.metadata?.name }, 'The failure of the backup could not be written');
    }
  }
}
