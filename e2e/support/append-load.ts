import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { leave } from './leave.ts';
import { acknowledgementOf, stamp } from './stamp.ts';
import type { FinalLists, Outcome, Step, Transaction } from './checker/history.ts';
import type { Acknowledgement } from './checker/overlap.ts';

/** So many values are appended before the next set of keys is begun, which keeps lists short. */
const generation = 150;
const keysAtOnce = 4;
/** Between two transactions of one client: this load is there to be checked, not to be quick. */
const pauseMs = 15;

export interface AppendReport {
  readonly transactions: readonly Transaction[];
  readonly acknowledgements: readonly Acknowledgement[];
}

/** Clients that read and append to lists in serializable transactions and record what they did and saw. */
export class AppendLoad implements AsyncDisposable {
  readonly #connect: () => Promise<pg.ClientConfig>;
  readonly #stop = new AbortController();
  readonly #transactions: Transaction[] = [];
  readonly #acknowledgements: Acknowledgement[] = [];
  #nextValue = 1;
  #nextId = 1;
  #running: Promise<unknown> = Promise.resolve();

  private constructor(connect: () => Promise<pg.ClientConfig>) {
    this.#connect = connect;
  }

  static async start(connect: () => Promise<pg.ClientConfig>, { clients = 3 } = {}): Promise<AppendLoad> {
    const load = new AppendLoad(connect);
    await using setUp = await load.#open();
    await setUp.client.query('drop table if exists lists');
    await setUp.client.query('create table lists (key text primary key, items bigint[] not null)');
    load.#running = Promise.all(Array.from({ length: clients }, () => load.#client()));
    return load;
  }

  async #open(): Promise<{ client: pg.Client } & AsyncDisposable> {
    // The last: a server that a partition keeps from hearing that its client left would hold the transaction's locks for hours.
    const timeouts = { connectionTimeoutMillis: 1000, query_timeout: 5000, idle_in_transaction_session_timeout: 5000 };
    const client = new pg.Client({ ...(await this.#connect()), ...timeouts });
    client.on('error', () => undefined);
    await client.connect();
    return { client, [Symbol.asyncDispose]: () => leave(client) };
  }

  async #client(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await using session = await this.#open();
        while (!this.#stop.signal.aborted) {
          await this.#transaction(session.client);
          await sleep(pauseMs);
        }
      } catch {
        await sleep(50);
      }
    }
  }

  #plan(): { readonly key: string; readonly append?: number }[] {
    return Array.from({ length: randomInt(1, 5) }, () => {
      const key = `${Math.floor(this.#nextValue / generation)}.${randomInt(keysAtOnce)}`;
      return randomInt(2) === 0 ? { key } : { key, append: this.#nextValue++ };
    });
  }

  /** Throws when the session is not fit for another one. */
  async #transaction(client: pg.Client): Promise<void> {
    const steps: Step[] = [];
    const id = this.#nextId++;
    const ended = (outcome: Outcome): void => void this.#transactions.push({ id, outcome, steps });
    try {
      await client.query('begin isolation level serializable');
      for (const { key, append } of this.#plan()) {
        if (append === undefined) steps.push({ key, read: await read(client, key) });
        else {
          // Recorded before it is sent: one that failed half-way was aborted, and must never be seen.
          steps.push({ key, append });
          await client.query(
            `insert into lists values ($1, array[$2::bigint]) on conflict (key) do update set items = lists.items || $2::bigint`,
            [key, append],
          );
        }
      }
    } catch (error) {
      ended('aborted');
      if (!isRetry(error)) throw error;
      await client.query('rollback');
      return;
    }
    try {
      this.#acknowledgements.push(acknowledgementOf(await client.query(`commit; ${stamp}`)));
      ended('committed');
    } catch (error) {
      ended(isRetry(error) ? 'aborted' : 'in-doubt');
      if (!isRetry(error)) throw error;
    }
  }

  async stop(): Promise<AppendReport> {
    this.#stop.abort();
    await this.#running;
    return { transactions: this.#transactions, acknowledgements: this.#acknowledgements };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Class 40: the transaction was rolled back, and may be tried again. */
const isRetry = (error: unknown): boolean => /^40\d{3}$/.test((error as { code?: string }).code ?? '');

async function read(client: pg.Client, key: string): Promise<number[]> {
  const { rows } = await client.query<{ items: string[] }>('select items from lists where key = $1', [key]);
  return (rows[0]?.items ?? []).map(Number);
}

export async function finalLists(session: pg.Client): Promise<FinalLists> {
  const { rows } = await session.query<{ key: string; items: string[] }>('select key, items from lists');
  return new Map(rows.map(({ key, items }) => [key, items.map(Number)]));
}
