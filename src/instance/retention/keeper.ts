import { access } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import type { EventRecorder } from '../../kube/events.ts';
import type { KubeApi } from '../../kube/port.ts';
import { resource } from '../../kube/resource-types.ts';
import { formatLsn } from '../../postgres/lsn.ts';
import type { TimelineHistory } from '../../postgres/timeline.ts';
import type { Backup } from '../backup/objects.ts';
import { kubeTime } from '../backup/objects.ts';
import { reportRecoveryWindow } from '../backup/recovery-window.ts';
import type { Archive, ArchiveSource, SectionAt } from '../wal/archive-source.ts';
import { changeClusterStatus } from '../wal/condition.ts';
import { emptyCheckFile } from '../wal/ownership.ts';
import { type RetentionReport, runRetention } from './run.ts';
import type { RetentionSettings } from './settings.ts';

export interface RetentionKeeperDeps {
  readonly kube: Pick<KubeApi, 'get' | 'replaceStatus' | 'patchStatus' | 'delete'>;
  readonly namespace: string;
  readonly clusterName: string;
  readonly dataDirectory: string;
  readonly source: Pick<ArchiveSource, 'get'>;
  readonly settings: () => RetentionSettings | undefined;
  /** Where the archive is. */
  readonly place: () => SectionAt | undefined;
  readonly intervalMs: () => number;
  readonly isPrimary: () => boolean;
  readonly systemIdentifier: () => Promise<string>;
  /** Of the timeline that is written now; undefined while it is not known. */
  readonly history: () => Promise<TimelineHistory | undefined>;
  readonly events: Pick<EventRecorder, 'emit'>;
  readonly log: Logger;
  /** The manager's life. */
  readonly signal: AbortSignal;
}

const retryMs = 60_000;
const soonMs = 5_000;
const activePhases = ['started', 'running', 'finalizing'];
/** Lists in status are for people. */
const listLimit = 100;

/** As primary: runs retention after each backup, when the policy changes, and from time to time. */
export class RetentionKeeper {
  readonly #deps: RetentionKeeperDeps;
  #nextAt = 0;
  #done = '';
  #running: Promise<void> | undefined;

  constructor(deps: RetentionKeeperDeps) {
    this.#deps = deps;
  }

  /** Told of all backups every now and then; begins a run when one is due, and does not wait for it. */
  look(backups: readonly Backup[]): void {
    const { isPrimary, settings, clusterName, signal, intervalMs } = this.#deps;
    const wanted = settings();
    if (this.#running || signal.aborted || !wanted || !isPrimary()) return;
    const ours = backups.filter(({ spec }) => spec?.cluster?.name === clusterName);
    const completed = ours.filter(({ status }) => status?.phase === 'completed').map(({ metadata }) => metadata?.uid);
    const situation = JSON.stringify([wanted, completed.sort()]);
    if ([situation, 'later'].includes(this.#done) && Date.now() < this.#nextAt) return;
    this.#running = this.#run(ours, wanted)
      .then(
        (ran) => {
          this.#done = ran ? situation : 'later';
          this.#nextAt = Date.now() + (ran ? intervalMs() : soonMs);
        },
        async (error: unknown) => {
          this.#done = 'later';
          this.#nextAt = Date.now() + retryMs;
          if (!signal.aborted) await this.#failed(wanted, error);
        },
      )
      .finally(() => (this.#running = undefined));
  }

  /** When what is under way has ended. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** Resolves to false while it is not known whether the archive is ours, or which history we are on. */
  async #run(backups: readonly Backup[], { policy, dryRun, text }: RetentionSettings): Promise<boolean> {
    const { source, dataDirectory, history, systemIdentifier, log, signal } = this.#deps;
    const archive = await source.get(signal);
    const current = await history();
    const unclaimed = await access(path.join(dataDirectory, emptyCheckFile)).then(
      () => true,
      () => false,
    );
    if (!archive || !current || unclaimed) return false;
    const active = backups.filter(({ status }) => activePhases.includes(status?.phase ?? ''));
    const report = await runRetention({
      ...{ archive, policy, dryRun, log, signal, history: current },
      systemIdentifier: await systemIdentifier(),
      active: new Set(active.map(({ status, metadata }) => status?.backupId ?? metadata?.name ?? '')),
      forget: (ids) => this.#forget(archive, backups, ids),
    });
    await this.#write({ text, dryRun }, report);
    return true;
  }

  /** Deletes the objects that stand for backups of this archive which were removed. */
  async #forget({ config }: Archive, backups: readonly Backup[], ids: readonly string[]): Promise<void> {
    const { kube, namespace, log, signal } = this.#deps;
    for (const { metadata, status } of backups) {
      const { backupId = '', serverName, phase } = status ?? {};
      if (phase !== 'completed' || serverName !== config.location.server || !ids.includes(backupId)) continue;
      const name = metadata?.name ?? '';
      await kube.delete(resource.backups, { namespace, name }, { signal });
      log.info({ backup: name, backupId }, 'Backup object removed: its data is gone');
    }
  }

  async #write({ text, dryRun }: { text: string; dryRun: boolean }, report: RetentionReport): Promise<void> {
    const { kube, namespace, clusterName: name, place, signal } = this.#deps;
    const { plan, removed, walRemoved, firstRecoverabilityPoint } = report;
    const at = place();
    const method = at?.method ?? 'barmanObjectStore';
    const lastRunTime = kubeTime(new Date());
    await changeClusterStatus(
      kube,
      { namespace, name },
      (status) => {
        const retention = {
          lastRunTime,
          policy: text,
          dryRun,
          kept: [...plan.keep].map(([id, reason]) => `${id}: ${reason}`).slice(0, listLimit),
          removed: removed.slice(0, listLimit),
          walRemoved,
          ...(plan.walBefore !== undefined && { walBefore: formatLsn(plan.walBefore) }),
          ...(plan.walKept !== undefined && { walKept: plan.walKept }),
        };
        status['howdah'] = { ...(status['howdah'] as object | undefined), retention };
        if (firstRecoverabilityPoint && !dryRun) {
          const first = kubeTime(firstRecoverabilityPoint);
          status['firstRecoverabilityPoint'] = first;
          const byMethod = status['firstRecoverabilityPointByMethod'] as object | undefined;
          status['firstRecoverabilityPointByMethod'] = { ...byMethod, [method]: first };
        }
        return true;
      },
      signal,
    );
    if (at && !dryRun) await reportRecoveryWindow(kube, namespace, at, { firstRecoverabilityPoint }, signal);
  }

  async #failed({ text, dryRun }: RetentionSettings, error: unknown): Promise<void> {
    const { kube, namespace, clusterName: name, events, log, signal } = this.#deps;
    const message = error instanceof Error ? error.message : String(error);
    log.warn({ err: error }, 'The retention policy was not applied');
    const { group, version, kind } = resource.clusters;
    const about = { apiVersion: `${group}/${version}`, kind, metadata: { namespace, name } };
    events.emit(about, { type: 'Warning', reason: 'RetentionPolicyFailed', message: message.slice(0, 1024) });
    await changeClusterStatus(
      kube,
      { namespace, name },
      (status) => {
        const own = status['howdah'] as { retention?: object } | undefined;
        status['howdah'] = { ...own, retention: { ...own?.retention, policy: text, dryRun, error: message } };
        return true;
      },
      signal,
    ).catch((err: unknown) => log.debug({ err }, 'The failure of retention could not be noted in the cluster'));
  }
}
