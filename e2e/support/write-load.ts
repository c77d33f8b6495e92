import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { compareInserted, type Compared, type Inserted } from './checker/acknowledged.ts';
import type { Acknowledgement } from './checker/overlap.ts';
import { acknowledgementOf, stamp } from './stamp.ts';
import { leave } from './leave.ts';

export interface LoadReport extends Inserted {
  readonly errors: number;
  /** Longest time between two acknowledgements, milliseconds. */
  readonly longestGap: number;
  /** One for each answer, `by` being the timeline that it came from. */
  readonly acknowledgements: readonly (Acknowledgement & { readonly id: number })[];
}

export interface LoadOptions {
  readonly table?: string;
  readonly clients?: number;
  /** Milliseconds after which a client gives up a statement and connects anew. */
  readonly patience?: number;
  /** Milliseconds after which a client gives up connecting and tries again. */
  readonly connectPatience?: number;
  /**
   * Milliseconds between two inserts of one client: some hundred commits a second in all by default. A flood would take the processor
   * from what is measured, on a machine that runs the whole platform, and show no gap that this does not show.
   */
  readonly pause?: number;
  /** Each client has one session and ends with it. */
  readonly reconnects?: boolean;
}

const defaults: Required<LoadOptions> = {
  table: 'load',
  clients: 4,
  patience: 10_000,
  connectPatience: 1000,
  pause: 10,
  reconnects: true,
};

/** Clients that insert unique ids through a service, one commit each, reconnect after every error, and keep what was acknowledged. */
export class WriteLoad implements AsyncDisposable {
  readonly #connect: () => Promise<pg.ClientConfig>;
  readonly #table: string;
  readonly #options: Required<LoadOptions>;
  readonly #stop = new AbortController();
  readonly #acknowledged = new Set<number>();
  readonly #inDoubt = new Set<number>();
  readonly #acknowledgements: (Acknowledgement & { id: number })[] = [];
  #next = 1;
  #errors = 0;
  #lastAcknowledged = performance.now();
  #longestGap = 0;
  #running: Promise<unknown> = Promise.resolve();

  private constructor(connect: () => Promise<pg.ClientConfig>, options: Required<LoadOptions>) {
    this.#connect = connect;
    this.#options = options;
    this.#table = pg.escapeIdentifier(options.table);
  }

  static async start(connect: () => Promise<pg.ClientConfig>, options: LoadOptions = {}): Promise<WriteLoad> {
    const load = new WriteLoad(connect, { ...defaults, ...options });
    await using setUp = await load.#open(Math.max(5000, load.#options.connectPatience));
    // Not unique on purpose: that nothing is there twice is for the checker to find out.
    await setUp.client.query(
      `create table if not exists ${load.#table} (id bigint not null, at timestamptz default clock_timestamp())`,
    );
    load.#lastAcknowledged = performance.now();
    load.#running = Promise.all(Array.from({ length: load.#options.clients }, () => load.#client()));
    return load;
  }

  get count(): number {
    return this.#acknowledged.size;
  }

  /** Statements and connections that came to nothing. */
  get errors(): number {
    return this.#errors;
  }

  /** From now on, instead of from the start. */
  measureGap(): void {
    this.#longestGap = 0;
  }

  get longestGap(): number {
    return this.#longestGap;
  }

  async #open(connectPatience = this.#options.connectPatience): Promise<{ client: pg.Client } & AsyncDisposable> {
    const timeouts = { connectionTimeoutMillis: connectPatience, query_timeout: this.#options.patience };
    const client = new pg.Client({ ...(await this.#connect()), ...timeouts });
    client.on('error', () => (this.#errors += 1));
    await client.connect();
    return { client, [Symbol.asyncDispose]: () => leave(client) };
  }

  async #client(): Promise<void> {
    const { pause, reconnects } = this.#options;
    do {
      try {
        await using session = await this.#open();
        while (!this.#stop.signal.aborted) {
          await this.#insert(session.client);
          if (pause > 0) await sleep(pause);
        }
      } catch {
        this.#errors += 1;
        await sleep(20);
      }
    } while (reconnects && !this.#stop.signal.aborted);
  }

  async #insert(client: pg.Client): Promise<void> {
    const id = this.#next++;
    this.#inDoubt.add(id);
    const answers = await client.query(`begin; insert into ${this.#table} (id) values (${id}); commit; ${stamp}`);
    const now = performance.now();
    this.#inDoubt.delete(id);
    this.#acknowledged.add(id);
    this.#acknowledgements.push({ id, ...acknowledgementOf(answers) });
    this.#longestGap = Math.max(this.#longestGap, now - this.#lastAcknowledged);
    this.#lastAcknowledged = now;
  }

  async stop(): Promise<LoadReport> {
    this.#stop.abort();
    await this.#running;
    return {
      acknowledged: this.#acknowledged,
      inDoubt: this.#inDoubt,
      errors: this.#errors,
      longestGap: this.#longestGap,
      acknowledgements: this.#acknowledgements,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** What was acknowledged and is not in the table, what is there twice, and what nobody sent. */
export async function lostAndFound(session: pg.Client, report: Inserted, table = 'load'): Promise<Compared> {
  const { rows } = await session.query<{ id: string }>(`select id from ${pg.escapeIdentifier(table)}`);
  return compareInserted(
    report,
    rows.map((row) => Number(row.id)),
  );
}
