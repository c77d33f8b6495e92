interface Running<T> {
  readonly key: readonly unknown[];
  readonly signal: AbortSignal;
  readonly result: Promise<T>;
}

/**
 * Work that several may wish for at the same time, one piece of it at once. Who wishes for the same joins what is under way; who wishes for
 * something else waits for its end and begins. What was ended by the signal of who began it is begun anew for the others.
 */
export class Joined<T> {
  #running: Running<T> | undefined;

  /** `key` says what is wished for: the same when all its members are. */
  async run(key: readonly unknown[], signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    for (;;) {
      const running = (this.#running ??= this.#begin(key, signal, work));
      const own = key.length === running.key.length && key.every((member, index) => member === running.key[index]);
      try {
        const result = await running.result;
        if (own) return result;
      } catch (error) {
        if (own && (running.signal === signal || !running.signal.aborted)) throw error;
      }
      signal.throwIfAborted();
    }
  }

  #begin(key: readonly unknown[], signal: AbortSignal, work: () => Promise<T>): Running<T> {
    return { key, signal, result: work().finally(() => (this.#running = undefined)) };
  }
}
