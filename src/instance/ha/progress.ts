/** Where a standby and its primary are. */
export interface Seen {
  readonly received: bigint;
  readonly replayed: bigint;
  /** Of the primary's log, on its disk. */
  readonly written: bigint;
}

/** Whether a standby advances: by its position against the primary's, never by whether its pod is ready (fault F21). */
export class Progress {
  #last: Seen | undefined;
  #at: number;
  #tries = 0;

  constructor(now: number) {
    this.#at = now;
  }

  /** When it moved last, or had all there was. */
  get at(): number {
    return this.#at;
  }

  /** Reconnections since then. */
  get tries(): number {
    return this.#tries;
  }

  observe(seen: Seen, now: number): void {
    const last = this.#last;
    // What the primary wrote since it was asked last is on its way.
    const complete = last !== undefined && seen.received >= last.written;
    const moved = last !== undefined && (seen.received > last.received || seen.replayed > last.replayed);
    this.#last = seen;
    if (last !== undefined && !complete && !moved) return;
    this.#at = now;
    if (last !== undefined) this.#tries = 0;
  }

  /** Connected (again): it has its time anew, and its tries are not forgotten before it moves. */
  connected(now: number): void {
    this.#at = now;
    this.#last = undefined;
  }

  reconnected(now: number): void {
    this.#tries += 1;
    this.#at = now;
    this.#last = undefined;
  }
}
