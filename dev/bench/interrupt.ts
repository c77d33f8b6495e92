/** Rejects with its reason when the signal aborts. */
export const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const end = (): void => reject(signal.reason as Error);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });

/** A child's message, line or other first word; rejects when it ends, or is ended, before that. */
export function firstWord<T>(word: Promise<T>, ended: Promise<unknown>): Promise<T> {
  const early = ended.then((): never => {
    throw new Error('it ended before it said anything');
  });
  return Promise.race([word, early]);
}
