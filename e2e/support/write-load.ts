import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export interface LoadReport {
  /** Ids whose insert was acknowledged by a COMMIT answer. */
  readonly acknowledged: ReadonlySet<number>;
  /** Ids sent whose answer never came: they may be there or not. */
  readonly inDoubt: ReadonlySet<number>;
  readonly errors: number;
  /** Longest time between two acknowledgements, milliseconds. */
  readonly longestGap: number;
}

/** Clients that insert unique ids through a service, one commit each, reconnect after every error, and keep what was acknowledged. */
export class WriteLoad {
  readonly #connect: () => Promise<pg.ClientConfig>;
  readonly #table: string;
  readonly #stop = new AbortController();
  readonly #acknowledged = new Set<number>();
  readonly #inDoubt = new Set<number>();
  #next = 1;
  #errors = 0;
  #lastAcknowledged = performance.now();
  #longestGap = 0;
  #running: Promise<unknown> = Promise.resolve();

  private constructor(connect: () => Promise<pg.ClientConfig>, table: string) {
    this.#connect = connect;
    this.#table = table;
  }

  static async start(
    connect: () => Promise<pg.ClientConfig>,
    { table = 'load', clients = 4 } = {},
  ): Promise<WriteLoad> {
    const load = new WriteLoad(connect, table);
    await using setUp = await load.#open();
    await setUp.client.query(
      `create table if not exists ${pg.escapeIdentifier(table)} (id bigint primary key, at timestamptz default clock_timestamp())`,
    );
    load.#lastAcknowledged = performance.now();
    load.#running = Promise.all(Array.from({ length: clients }, () => load.#client()));
    return load;
  }

  get count(): number {
    return this.#acknowledged.size;
  }

  async #open(): Promise<{ client: pg.Client } & AsyncDisposable> {
    const client = new pg.Client({ ...(await this.#connect()), connectionTimeoutMillis: 1000, query_timeout: 10_000 });
    client.on('error', () => (this.#errors += 1));
    await client.connect();
    return { client, [Symbol.asyncDispose]: () => client.end().catch(() => undefined) };
  }

  async #client(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await using session = await this.#open();
        while (!this.#stop.signal.aborted) await this.#insert(session.client);
      } catch {
        this.#errors += 1;
        await sleep(20);
      }
    }
  }

  async #insert(client: pg.Client): Promise<void> {
    const id = this.#next++;
    this.#inDoubt.add(id);
    await client.query(`insert into ${pg.escapeIdentifier(this.#table)} (id) values ($1)`, [id]);
    const now = performance.now();
    this.#inDoubt.delete(id);
    this.#acknowledged.add(id);
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
    };
  }
}

/** Ids that were acknowledged and are not in the table, and ids there that nobody sent or that are there twice. */
export async function lostAndFound(
  session: pg.Client,
  report: LoadReport,
  table = 'load',
): Promise<{ lost: number[]; unknown: number[] }> {
  const { rows } = await session.query<{ id: string }>(`select id from ${pg.escapeIdentifier(table)}`);
  const there = new Set(rows.map((row) => Number(row.id)));
  return {
    lost: [...report.acknowledged].filter((id) => !there.has(id)),
    unknown: [...there].filter((id) => !report.acknowledged.has(id) && !report.inDoubt.has(id)),
  };
}
