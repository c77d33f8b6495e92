// src/instance/sql/session.ts to the simulated PostgreSQL of the same machine.
import { theWorld } from '../stage.ts';

interface SessionOptions {
  readonly timeout?: number;
}

type Row = Record<string, unknown>;

export class Session {
  readonly #timeout: number;
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ timeout = 5000 }: SessionOptions) {
    this.#timeout = timeout + 1000;
  }

  query<R extends Row = Row>(sql: string, values: unknown[] = []): Promise<R[]> {
    const result = this.#turn.then(() => this.#ask<R>(sql, values));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  #ask<R extends Row>(sql: string, values: unknown[]): Promise<R[]> {
    return new Promise((resolve, reject) => {
      const world = theWorld();
      const timer = world.timer(this.#timeout, () => reject(new Error('Query read timeout')));
      const end = (how: () => void): void => {
        timer.cancel();
        how();
      };
      world.query(sql, values, {
        rows: (rows) => end(() => resolve(rows as R[])),
        failed: (error) => end(() => reject(error)),
      });
    });
  }

  async close(): Promise<void> {
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
