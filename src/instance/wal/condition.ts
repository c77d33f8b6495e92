import type { Logger } from 'pino';
import { isConflict } from '../../kube/errors.ts';
import type { KubeApi } from '../../kube/port.ts';
import { resource } from '../../kube/resource-types.ts';
import type { KubeObject, ObjectKey } from '../../kube/types.ts';

export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  lastTransitionTime?: string;
  observedGeneration?: number;
}

interface StatusCluster extends KubeObject {
  status?: Record<string, unknown> & { conditions?: Condition[] };
}

const attempts = 8;

/** Reads, changes and writes a Cluster's status until no one else came between. `change` returns false to leave it as it is. */
export async function changeClusterStatus(
  kube: Pick<KubeApi, 'get' | 'replaceStatus'>,
  key: ObjectKey,
  change: (status: Record<string, unknown> & { conditions?: Condition[] }) => boolean,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const cluster = await kube.get<StatusCluster>(resource.clusters, key, { signal });
    if (!cluster) return;
    const status = structuredClone(cluster.status ?? {});
    if (!change(status)) return;
    try {
      await kube.replaceStatus(resource.clusters, { ...cluster, status }, { signal });
      return;
    } catch (error) {
      if (!isConflict(error) || attempt === attempts) throw error;
    }
  }
}

/** Puts a condition into a list; false when it says the same already. The time changes only with the status. */
export function setCondition(status: { conditions?: Condition[] }, condition: Condition, now: Date): boolean {
  const conditions = status.conditions ?? [];
  const found = conditions.find(({ type }) => type === condition.type);
  if (
    found &&
    found.status === condition.status &&
    found.reason === condition.reason &&
    found.message === condition.message
  ) {
    return false;
  }
  const kept = found?.status === condition.status ? found.lastTransitionTime : undefined;
  const next = { ...condition, lastTransitionTime: kept ?? now.toISOString().replace(/\.\d+Z$/, 'Z') };
  status.conditions = found ? conditions.map((old) => (old === found ? next : old)) : [...conditions, next];
  return true;
}

export type ArchivingState =
  | { readonly state: 'working' }
  | { readonly state: 'failing'; readonly message: string }
  | { readonly state: 'not-configured' };

const type = 'ContinuousArchiving';

export function archivingCondition(state: ArchivingState): Condition {
  switch (state.state) {
    case 'working':
      return { type, status: 'True', reason: 'ContinuousArchivingSuccess', message: 'Continuous archiving is working' };
    case 'failing':
      return { type, status: 'False', reason: 'ContinuousArchivingFailing', message: state.message.slice(0, 4096) };
    case 'not-configured':
      return {
        type,
        status: 'False',
        reason: 'ContinuousArchivingNotConfigured',
        message: 'spec.backup names no object store: no WAL is kept, and there is no way back to an earlier moment',
      };
    default:
      return state satisfies never;
  }
}

/** Says in the Cluster how archiving goes, without making archiving wait: the newest state is written as soon as it can be. */
export class ArchivingReporter {
  readonly #write: (condition: Condition) => Promise<void>;
  readonly #log: Logger;
  #written = '';
  #wanted: Condition | undefined;
  #running: Promise<void> | undefined;

  constructor(write: (condition: Condition) => Promise<void>, log: Logger) {
    this.#write = write;
    this.#log = log;
  }

  report(state: ArchivingState): void {
    const condition = archivingCondition(state);
    if (JSON.stringify(condition) === this.#written && !this.#wanted) return;
    this.#wanted = condition;
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  /** When what was reported so far is written, or could not be. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#wanted) {
      const condition = this.#wanted;
      this.#wanted = undefined;
      try {
        await this.#write(condition);
        this.#written = JSON.stringify(condition);
      } catch (error) {
        // The next segment, or PostgreSQL's next try, reports again.
        this.#written = '';
        this.#log.warn({ err: error }, 'The condition ContinuousArchiving could not be written');
      }
    }
  }
}

/** Writes a condition of the Cluster. */
export function conditionWriter(
  kube: Pick<KubeApi, 'get' | 'replaceStatus'>,
  key: ObjectKey,
  signal: AbortSignal,
): (condition: Condition) => Promise<void> {
  return (condition) => changeClusterStatus(kube, key, (status) => setCondition(status, condition, new Date()), signal);
}
