const firstMs = 2_000;
const mostMs = 16_000;

/**
 * The time that is left to one who is further ahead. Who stood in vain after it leaves twice as much the next time: where an election
 * takes longer than it takes to be impatient, two that stand in turns refuse each other for ever.
 */
export class Yielding {
  readonly #clock: () => number;
  #lease: string | undefined;
  #since = 0;
  #time = firstMs;

  /** `clock`: milliseconds. */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Whether he has had his time, since this lease was seen or since the last candidacy in vain. */
  isOver(lease: string): boolean {
    if (this.#lease !== lease) {
      this.#lease = lease;
      this.#since = this.#clock();
      this.#time = firstMs;
    }
    return this.#clock() - this.#since > this.#time;
  }

  stoodInVain(): void {
    this.#since = this.#clock();
    this.#time = Math.min(2 * this.#time, mostMs);
  }
}
