import { setTimeout as delay } from 'node:timers/promises';

export interface BackOff {
  readonly initialMs: number;
  readonly maxMs: number;
}

/** The wait before try number `attempt` (from 0), doubled each time, with jitter of ±25 % so that many do not come at once. */
export function backOffMs(attempt: number, { initialMs, maxMs }: BackOff, random: () => number = Math.random): number {
  const full = Math.min(maxMs, initialMs * 2 ** Math.min(attempt, 30));
  return Math.round(full * (0.75 + random() * 0.5));
}

/** Resolves after `ms`, or at once when `signal` aborts; says whether it waited to the end. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<boolean> {
  if (signal?.aborted === true) return false;
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
    return true;
  } catch {
    return false;
  }
}
