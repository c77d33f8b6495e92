import type { Random } from './random.ts';
import type { Process, Scheduler } from './scheduler.ts';

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

export interface CallAnswer {
  readonly status: number;
  readonly body: string;
}

/** Where a request arrives. */
export interface Host {
  readonly name: string;
  /** Of the program that answers; undefined while there is none. */
  readonly listener: Process | undefined;
  serve(call: Call): Promise<CallAnswer>;
}

export interface Chaos {
  readonly loss: number;
  readonly duplicate: number;
  /** Milliseconds, at most. */
  readonly delay: number;
}

const calm: Chaos = { loss: 0, duplicate: 0, delay: 0 };

export interface Outgoing {
  readonly to: string;
  readonly call: Call;
  readonly answered: (answer: CallAnswer) => void;
  readonly failed: (error: Error) => void;
}

/** Carries requests between machines; links break one way or both, and messages are lost, doubled, late and out of order. */
export class Network {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #hostAt: (ip: string) => Host | undefined;
  readonly #cut = new Set<string>();
  chaos: Chaos = calm;

  constructor(scheduler: Scheduler, random: Random, hostAt: (ip: string) => Host | undefined) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#hostAt = hostAt;
  }

  cut(from: string, to: string): void {
    this.#cut.add(`${from} ${to}`);
  }

  heal(): void {
    this.#cut.clear();
    this.chaos = calm;
  }

  join(from: string, to: string): void {
    this.#cut.delete(`${from} ${to}`);
  }

  passes(from: string, to: string): boolean {
    return !this.#cut.has(`${from} ${to}`);
  }

  /** A message: what is lost is never heard of again. */
  #send(from: string, to: string, arrive: () => void): void {
    if (this.#random.chance(this.chaos.loss)) return;
    const times = this.#random.chance(this.chaos.duplicate) ? 2 : 1;
    for (let time = 0; time < times; time++) {
      this.#scheduler.after(this.#random.between(0.3, 3) + this.#random.between(0, this.chaos.delay), () => {
        if (this.passes(from, to)) arrive();
      });
    }
  }

  request({ to, call, answered, failed }: Outgoing): void {
    const sender = this.#scheduler.current;
    if (!sender) throw new Error('a request from nowhere');
    const host = this.#hostAt(to);
    // Nobody at that address: packets go nowhere.
    if (!host) return;
    const from = sender.home;
    const back = (run: () => void): void => this.#send(host.name, from, () => this.#scheduler.after(0, run, sender));
    this.#send(from, host.name, () => {
      const { listener } = host;
      if (!listener?.alive) back(() => failed(new Error('ECONNREFUSED')));
      else {
        const arrive = (): void =>
          void host.serve(call).then(
            (answer) => back(() => answered(answer)),
            (error: unknown) => back(() => failed(error as Error)),
          );
        this.#scheduler.after(0, arrive, listener);
      }
    });
  }
}
