import type { Cluster } from '../../api/generated/cluster.ts';
import { killFamily, signal } from './process.ts';

export type StopReason = 'termination' | 'fencing' | 'demotion' | 'restart' | 'foreign' | 'diverged';

export const stopModes = ['smart', 'fast', 'immediate', 'kill'] as const;
export type StopMode = (typeof stopModes)[number];

/** What is known when the container is told to end. */
export interface Farewell {
  /** Another instance can take over, or this one comes back at once: sessions are not waited for. */
  readonly successor: boolean;
  /** One of them gets what is written here as it is written: it will have everything when PostgreSQL has stopped. */
  readonly heir: boolean;
  /** Seconds until the kubelet kills, where the pod itself says so. */
  readonly grace: number | undefined;
}

/** A stronger way to stop, and how many seconds after the beginning it is due. */
export interface StopStep {
  readonly after: number;
  readonly mode: StopMode;
}

const signals = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' } as const;
/** What is kept of the pod's grace period for the end after an immediate stop. */
const reserve = 5;
const killAfter = 2;
/** Seconds that a primary serves on, because whoever could take over does not stream from it yet; never more than half of its time. */
const longestWait = 10;

/**
 * The whole shutdown as one plan with one deadline (reference §2.8). At termination the pod's grace period is the limit; a
 * primary lets sessions end by themselves for smartShutdownTimeout. Otherwise it is fast, for at most switchoverDelay.
 */
export function stopPlan(
  why: StopReason,
  role: 'primary' | 'standby' | 'unknown',
  spec: Cluster['spec'] | undefined,
  farewell: Farewell = { successor: false, heir: false, grace: undefined },
): StopStep[] {
  if (why !== 'termination') {
    // What is thrown away need not be waited for.
    const limit = why === 'foreign' || why === 'diverged' ? 30 : (spec?.switchoverDelay ?? 3600);
    return [
      { after: 0, mode: 'fast' },
      { after: limit, mode: 'immediate' },
      { after: limit + killAfter, mode: 'kill' },
    ];
  }
  const grace = farewell.grace ?? spec?.stopDelay ?? 1800;
  const limit = Math.max(0, grace - Math.min(reserve, grace / 2));
  // Where another goes on, waiting for sessions would only keep new ones from finding anybody.
  const smart = role === 'primary' && !farewell.successor ? Math.min(spec?.smartShutdownTimeout ?? 180, limit) : 0;
  const wait = role === 'primary' && farewell.successor && !farewell.heir ? Math.min(longestWait, limit / 2) : 0;
  return [
    ...(smart > 0 ? [{ after: 0, mode: 'smart' as const }] : []),
    { after: Math.max(smart, wait), mode: 'fast' },
    { after: limit, mode: 'immediate' },
    { after: limit + killAfter, mode: 'kill' },
  ];
}

/** The strongest step that is due; undefined while none is. */
export function dueStep(plan: readonly StopStep[], elapsedSeconds: number): StopMode | undefined {
  return plan.findLast(({ after }) => after <= elapsedSeconds)?.mode;
}

/** A stop under way. Asked again each turn; sends a signal when a stronger step has become due. */
export class Stopping {
  #plan: readonly StopStep[];
  readonly #begunAt: number;
  #sent: StopMode | undefined;
  #deserted = false;

  /** `begunAt` and `now` below: seconds on one clock. */
  constructor(plan: readonly StopStep[], begunAt: number) {
    this.#plan = plan;
    this.#begunAt = begunAt;
  }

  get mode(): StopMode | undefined {
    return this.#sent;
  }

  /** More is known now; what was sent already stays sent. */
  replan(plan: readonly StopStep[]): void {
    this.#plan = plan;
  }

  /** No client is left to be waited for: a smart shutdown goes on as a fast one. */
  deserted(): void {
    this.#deserted = true;
  }

  /** Returns the mode when it sent something. */
  advance(pid: number, now: number): StopMode | undefined {
    const due = dueStep(this.#plan, now - this.#begunAt);
    if (due === undefined) return undefined;
    const mode = due === 'smart' && this.#deserted ? 'fast' : due;
    if (this.#sent !== undefined && stopModes.indexOf(mode) <= stopModes.indexOf(this.#sent)) return undefined;
    this.#sent = mode;
    if (mode === 'kill') killFamily(pid);
    else signal(pid, signals[mode]);
    return mode;
  }
}
