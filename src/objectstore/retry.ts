import { setTimeout as sleep } from 'node:timers/promises';
import { isTransient, retryAfter } from './errors.ts';

export interface RetryPolicy {
  /** Tries in all, the first included. */
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
}

export const defaultRetry: RetryPolicy = { attempts: 5, firstDelayMs: 100, longestDelayMs: 5_000 };

/** For work of minutes or hours, which is not thrown away for a storm of half a minute. */
export const patientAttempts = 12;

/** Exponential back-off with full jitter, so that many instances do not come back in step. */
export const retryDelay = (policy: RetryPolicy, failures: number, random = Math.random): number =>
  Math.round(random() * Math.min(policy.longestDelayMs, policy.firstDelayMs * 2 ** failures));

export async function withRetry<T>(
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      if (failures >= policy.attempts || !isTransient(error)) throw error;
      const pause = Math.max(retryDelay(policy, failures), Math.min(retryAfter(error), policy.longestDelayMs));
      await sleep(pause, undefined, signal ? { signal } : {});
    }
  }
}
