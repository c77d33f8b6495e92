// What to do next for a pod that is to run. Pure: facts in, decision with reasons out.
import type { ContainerRecord, PodRecord } from '../model/records.ts';
import { isSidecar, type Container, type PodSpec } from '../model/types.ts';

export interface Waiting {
  readonly reason: string;
  readonly message?: string;
}

export interface Plan {
  readonly start: readonly Container[];
  /** Sidecars that are to end because the pod's work is done. */
  readonly end: readonly string[];
  readonly waiting: Readonly<Record<string, Waiting>>;
  /** Milliseconds of the clock when a back-off ends, the earliest of them. */
  readonly wakeAt?: number;
  readonly initialized: boolean;
  readonly outcome?: 'Succeeded' | 'Failed';
}

export const backOffFirstSeconds = 10;
export const backOffMaxSeconds = 300;
/** A run that lasted this long starts the back-off anew. */
const backOffForgetMs = 2 * backOffMaxSeconds * 1000;

/**
 * The wait after a run that ended, by the rule of the kubelet: none after the first failure, then 10 s, doubled each time up to 5 min,
 * forgotten after 10 min of good health.
 */
export function nextBackOff(record: ContainerRecord, finishedAt: number): number {
  const lasted = finishedAt - Date.parse(record.run.startedAt);
  if (lasted > backOffForgetMs || record.run.attempt === 0) return 0;
  return record.backOff === 0 ? backOffFirstSeconds : Math.min(backOffMaxSeconds, record.backOff * 2);
}

function restarts(container: Container, spec: PodSpec, init: boolean, exitCode: number): boolean {
  if (init && isSidecar(container)) return true;
  const policy = spec.restartPolicy ?? 'Always';
  if (init) return exitCode !== 0 && policy !== 'Never';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

class Planner {
  readonly #spec: PodSpec;
  readonly #record: PodRecord;
  readonly #now: number;
  readonly start: Container[] = [];
  readonly waiting: Record<string, Waiting> = {};
  wakeAt: number | undefined;

  constructor(record: PodRecord, now: number) {
    this.#spec = record.pod.spec;
    this.#record = record;
    this.#now = now;
  }

  /** Starts a container that has not run, or has ended and is to run again, now or after its back-off. */
  #startOrWait(container: Container, known: ContainerRecord | undefined): void {
    const finishedAt = Date.parse(known?.run.exit?.finishedAt ?? '');
    const due = known ? finishedAt + known.backOff * 1000 : 0;
    if (!(due > this.#now)) {
      this.start.push(container);
      return;
    }
    this.wakeAt = Math.min(this.wakeAt ?? due, due);
    this.waiting[container.name] = {
      reason: 'CrashLoopBackOff',
      message: `back-off ${known?.backOff ?? 0}s restarting failed container=${container.name} pod=${this.#record.pod.metadata.name}`,
    };
  }

  /** Goes through the init containers in order. True when all have done their part. */
  initialized(): 'yes' | 'no' | 'failed' {
    const mainHasRun = this.#spec.containers.some(({ name }) => this.#record.containers[name] !== undefined);
    for (const container of this.#spec.initContainers ?? []) {
      const known = this.#record.containers[container.name];
      const exit = known?.run.exit;
      const done = known !== undefined && (isSidecar(container) ? !exit && known.run.started : exit?.code === 0);
      if (done) continue;
      if (known && !exit && !mainHasRun) return 'no';
      if (mainHasRun && !isSidecar(container)) continue;
      if (exit && !restarts(container, this.#spec, true, exit.code)) return 'failed';
      if (!known || exit) this.#startOrWait(container, known);
      if (!mainHasRun) return 'no';
    }
    return 'yes';
  }

  main(): Plan['outcome'] {
    let codes: number[] | undefined = [];
    for (const container of this.#spec.containers) {
      const known = this.#record.containers[container.name];
      const exit = known?.run.exit;
      if (exit && !restarts(container, this.#spec, false, exit.code)) {
        codes?.push(exit.code);
        continue;
      }
      codes = undefined;
      if (!known || exit) this.#startOrWait(container, known);
    }
    return codes && (codes.every((code) => code === 0) ? 'Succeeded' : 'Failed');
  }
}

const running = (record: PodRecord): string[] =>
  Object.entries(record.containers).flatMap(([name, { run }]) => (run.exit ? [] : [name]));

/** Of a pod that is being deleted: nothing starts; it has failed unless every container ended well. */
function terminatingPlan(record: PodRecord): Plan {
  const { containers } = record.pod.spec;
  const plan = { start: [], waiting: {}, end: [], initialized: containers.some(({ name }) => record.containers[name]) };
  if (running(record).length > 0) return plan;
  const good = containers.every(({ name }) => record.containers[name]?.run.exit?.code === 0);
  return { ...plan, outcome: good ? 'Succeeded' : 'Failed' };
}

/** The next steps of a pod. An outcome is final once nothing of the pod runs. */
export function planPod(record: PodRecord, now: number): Plan {
  const planner = new Planner(record, now);
  const nothing = { start: [], waiting: {} };
  if (record.terminatingSince !== undefined) return terminatingPlan(record);
  const ended = record.failed ? 'failed' : planner.initialized();
  if (ended === 'failed') return { ...nothing, end: running(record), initialized: false, outcome: 'Failed' };
  const outcome = ended === 'yes' ? planner.main() : undefined;
  if (outcome !== undefined) return { ...nothing, end: running(record), initialized: true, outcome };
  return {
    start: planner.start,
    end: [],
    waiting: planner.waiting,
    initialized: ended === 'yes',
    ...(planner.wakeAt === undefined ? {} : { wakeAt: planner.wakeAt }),
  };
}
