/** A moment that may come nearer but never moves away. */
export class Deadline {
  readonly reached: Promise<void>;
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout;
  #at: number;

  constructor(seconds: number) {
    this.reached = new Promise((resolve) =>
      this.#controller.signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    this.#at = performance.now() + seconds * 1000;
    this.#timer = this.#arm();
  }

  /** Aborts at the deadline. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  shorten(seconds: number): void {
    const at = performance.now() + seconds * 1000;
    if (at >= this.#at) return;
    this.#at = at;
    clearTimeout(this.#timer);
    this.#timer = this.#arm();
  }

  #arm(): NodeJS.Timeout {
    const timer = setTimeout(() => this.#controller.abort(), Math.max(0, this.#at - performance.now()));
    timer.unref();
    return timer;
  }
}
