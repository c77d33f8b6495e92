import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

export interface SessionOptions {
  readonly socketDirectory: string;
  readonly port: number;
  readonly database?: string;
  readonly user?: string;
  readonly applicationName?: string;
  /** Milliseconds for the connection and for each statement. */
  readonly timeout?: number;
}

const goodbyeMs = 500;

type Row = Record<string, unknown>;

function newClient(options: SessionOptions): pg.Client {
  const timeout = options.timeout ?? 5000;
  return new pg.Client({
    host: options.socketDirectory,
    port: options.port,
    user: options.user ?? 'postgres',
    database: options.database ?? 'postgres',
    application_name: options.applicationName ?? 'howdah',
    connectionTimeoutMillis: Math.min(timeout, 5000),
    statement_timeout: timeout,
    query_timeout: timeout + 1000,
    // Nothing that the cluster's owner sets for all sessions may change what our statements mean or hang them.
    options:
      '-c search_path= -c lock_timeout=3000 -c idle_in_transaction_session_timeout=60000 -c synchronous_commit=local',
  });
}

/** One session over the unix socket, opened when first needed and again after it broke. Statements take turns. */
export class Session implements AsyncDisposable {
  readonly #options: SessionOptions;
  #client: pg.Client | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Rejects with the server's or the connection's error. */
  query<R extends Row = Row>(sql: string, values?: unknown[]): Promise<R[]> {
    const result = this.#turn.then(() => this.#query<R>(sql, values));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #query<R extends Row>(sql: string, values: unknown[] | undefined): Promise<R[]> {
    const client = (this.#client ??= await this.#open());
    try {
      return (await client.query<R>(sql, values)).rows;
    } catch (error) {
      // An error with a severity other than ERROR, or without one, means that the connection is lost or in doubt.
      if (!(error instanceof pg.DatabaseError) || error.severity !== 'ERROR') await this.close();
      throw error;
    }
  }

  async #open(): Promise<pg.Client> {
    const client = newClient(this.#options);
    client.on('error', () => {
      if (this.#client === client) this.#client = undefined;
    });
    client.on('end', () => {
      if (this.#client === client) this.#client = undefined;
    });
    try {
      await client.connect();
    } catch (error) {
      void client.end().catch(() => undefined);
      throw error;
    }
    return client;
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (!client) return;
    // A server that stands still never says goodbye, and must not keep us waiting for it.
    await Promise.race([client.end().catch(() => undefined), delay(goodbyeMs, undefined, { ref: false })]);
    (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
