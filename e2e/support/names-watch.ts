import { setTimeout as sleep } from 'node:timers/promises';
import type { Session } from './sql.ts';

/** Reads synchronous_standby_names of whoever is primary, all the time. */
export class NamesWatch implements AsyncDisposable {
  readonly #seen = new Set<string>();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(connect: () => Promise<Session>) {
    this.#running = this.#run(connect);
  }

  async #run(connect: () => Promise<Session>): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await using session = await connect();
        while (!this.#stop.signal.aborted) {
          const { rows } = await session.query<{ names: string }>(
            "select current_setting('synchronous_standby_names') as names where not pg_is_in_recovery()",
          );
          for (const { names } of rows) this.#seen.add(names);
          await sleep(30);
        }
      } catch {
        await sleep(50);
      }
    }
  }

  /** Every value that was seen. */
  async stop(): Promise<ReadonlySet<string>> {
    this.#stop.abort();
    await this.#running;
    return this.#seen;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
