import { setTimeout as sleep } from 'node:timers/promises';

/** Asks `probe` every `every` ms until it answers with something other than undefined; throws with the last error after `timeout` ms. */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | undefined>,
  { timeout = 60_000, every = 100 }: { timeout?: number; every?: number } = {},
): Promise<T> {
  const deadline = performance.now() + timeout;
  let last: unknown;
  for (;;) {
    try {
      const answer = await probe();
      if (answer !== undefined) return answer;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      const cause = last instanceof Error ? `: ${last.message}` : '';
      throw new Error(`waited ${timeout / 1000} s in vain for ${what}${cause}`, { cause: last });
    }
    await sleep(every);
  }
}
