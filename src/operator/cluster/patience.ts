import { setTimeout as delay } from 'node:timers/promises';
import type { InstanceStatusReader } from './instance-status.ts';

/** Milliseconds that one is waited for which was waited for in vain the last time. */
const shortMs = 200;
/** Addresses of pods that have gone are never asked again: so many are remembered, the latest. */
const kept = 200;

interface Silent {
  error: string;
  /** The question that it has not answered yet. */
  asked?: Promise<void>;
}

/**
 * Asks with the patience of `read` as long as an instance answers; one that has used it up is waited for only briefly until it answers
 * again, so that it does not hold up what is to be done about the others.
 */
export function impatient(read: InstanceStatusReader, { waitMs = shortMs } = {}): InstanceStatusReader {
  const silent = new Map<string, Silent>();
  const stillSilent = async (known: Silent, request: Parameters<InstanceStatusReader>[0]): Promise<boolean> => {
    const ask = async (): Promise<void> => {
      const answer = await read(request);
      if (answer.ok) silent.delete(request.address);
      else known.error = answer.error;
      delete known.asked;
    };
    // With all the patience, and beside this: a slow machine answers late, and must be heard in the end.
    known.asked ??= ask();
    await Promise.race([known.asked, delay(waitMs)]);
    return silent.get(request.address) === known;
  };
  return async (request) => {
    const { address } = request;
    const known = silent.get(address);
    if (known !== undefined && (await stillSilent(known, request))) return { ok: false, error: known.error };
    // Also after a late answer, which may tell what was so when it was asked for.
    const askedAt = performance.now();
    const answer = await read(request);
    if (!answer.ok && performance.now() - askedAt >= waitMs) {
      silent.set(address, { error: answer.error });
      const [oldest = address] = silent.size > kept ? silent.keys() : [];
      if (oldest !== address) silent.delete(oldest);
    }
    return answer;
  };
}
