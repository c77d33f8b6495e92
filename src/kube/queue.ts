import { backOffMs, type BackOff } from './back-off.ts';

/** What a run says about the next one. */
export interface RunResult {
  /** Run again after so many milliseconds, if nothing asks for it earlier. */
  readonly afterMs?: number;
}

export interface WorkQueueOptions {
  /** Runs at one time. */
  readonly workers: number;
  /** Does the work of one key. A rejection is retried with back-off. */
  readonly handle: (key: string, signal: AbortSignal) => Promise<RunResult | undefined>;
  readonly onError?: (key: string, error: unknown, retryInMs: number) => void;
  readonly backOff?: BackOff;
  /** A run that takes longer no longer counts against `workers`, so that stuck keys never hold up the others. */
  readonly slowMs?: number;
  readonly random?: () => number;
}

interface Entry {
  /** due: waits for a worker; running; again: asked for while running; idle: nothing to do now. */
  state: 'idle' | 'due' | 'running' | 'again';
  failures: number;
  timer?: NodeJS.Timeout;
  timerAt?: number;
}

const defaultBackOff: BackOff = { initialMs: 250, maxMs: 60_000 };

/** Work by key: calls for one key fold into one run, no key runs twice at once, failures back off per key. */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #due: string[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #busy = 0;
  #started = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Keys that wait for a worker. */
  get depth(): number {
    return this.#due.length;
  }

  /** Asks for a run as soon as possible. */
  add(key: string): void {
    if (this.#stop.signal.aborted) return;
    const entry = this.#entry(key);
    this.#clearTimer(entry);
    if (entry.state === 'idle') {
      entry.state = 'due';
      this.#due.push(key);
      this.#pump();
    } else if (entry.state === 'running') entry.state = 'again';
  }

  /** Asks for a run after `ms`; the earlier of two wishes wins. */
  addAfter(key: string, ms: number): void {
    if (this.#stop.signal.aborted) return;
    const entry = this.#entry(key);
    const at = performance.now() + ms;
    if (entry.state === 'due' || (entry.timerAt !== undefined && entry.timerAt <= at)) return;
    this.#clearTimer(entry);
    entry.timerAt = at;
    entry.timer = setTimeout(() => this.add(key), ms);
  }

  /** Works until `signal` aborts, then waits for the runs that are under way (they see the abort too). */
  async run(signal: AbortSignal): Promise<void> {
    this.#started = true;
    this.#pump();
    if (!signal.aborted) {
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    this.#stop.abort(signal.reason);
    for (const entry of this.#entries.values()) this.#clearTimer(entry);
    await Promise.allSettled(this.#running);
  }

  #entry(key: string): Entry {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { state: 'idle', failures: 0 };
      this.#entries.set(key, entry);
    }
    return entry;
  }

  #clearTimer(entry: Entry): void {
    clearTimeout(entry.timer);
    delete entry.timer;
    delete entry.timerAt;
  }

  #pump(): void {
    while (this.#started && !this.#stop.signal.aborted && this.#busy < this.#options.workers) {
      const key = this.#due.shift();
      if (key === undefined) return;
      const running = this.#runOne(key, this.#entry(key)).finally(() => this.#running.delete(running));
      this.#running.add(running);
    }
  }

  async #runOne(key: string, entry: Entry): Promise<void> {
    entry.state = 'running';
    this.#busy++;
    let counted = true;
    const release = (): void => {
      if (!counted) return;
      counted = false;
      this.#busy--;
      this.#pump();
    };
    const slow = setTimeout(release, this.#options.slowMs ?? 20_000);
    let afterMs: number | undefined;
    try {
      const result = await this.#options.handle(key, this.#stop.signal);
      entry.failures = 0;
      afterMs = result?.afterMs;
    } catch (error) {
      afterMs = backOffMs(entry.failures++, this.#options.backOff ?? defaultBackOff, this.#options.random);
      if (!this.#stop.signal.aborted) this.#options.onError?.(key, error, afterMs);
    } finally {
      clearTimeout(slow);
    }
    const again = (entry.state as Entry['state']) === 'again';
    entry.state = 'idle';
    if (again) this.add(key);
    else if (afterMs !== undefined) this.addAfter(key, afterMs);
    else if (entry.timer === undefined) this.#entries.delete(key);
    release();
  }
}
