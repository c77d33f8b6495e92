import { constants, open } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Session } from '../../sql/session.ts';
import type { BootClock } from './clock.ts';

/** A full disk is not a dead one: it answered, and PostgreSQL itself knows what it can still do there. */
const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');

/** Writes over the same block again and again, which takes no room once it is there. */
async function writeAndSync(directory: string): Promise<void> {
  try {
    await using handle = await open(
      path.join(directory, '.howdah-probe'),
      constants.O_WRONLY | constants.O_CREAT,
      0o600,
    );
    await handle.write(`${Date.now()}\n`, 0);
    await handle.sync();
  } catch (error) {
    if (!isFull(error)) throw error;
  }
}

/** A postmaster that stands still lets nobody in, though sessions of before go on; a refusal in words is an answer. */
async function knock(newcomer: Session): Promise<void> {
  try {
    await newcomer.query('SELECT 1');
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
  } finally {
    await newcomer.close();
  }
}

/** Every so many checks somebody new knocks: it costs a process each time. */
const knockEvery = 3;

/** Whether postgres answers and its volumes take a write, asked all the time (rule 4): a dead disk under a live kernel loses the lease. */
export class Fitness {
  readonly #session: Session;
  readonly #directories: readonly string[];
  readonly #clock: BootClock;
  readonly #newcomer: Session;
  #checks = 0;
  #lastGood: number | undefined;

  /** `newcomer` is opened anew each time it is used. */
  constructor(session: Session, newcomer: Session, directories: readonly string[], clock: BootClock) {
    this.#session = session;
    this.#newcomer = newcomer;
    this.#directories = directories;
    this.#clock = clock;
  }

  /** A whole check began and ended well within the last `milliseconds`. */
  within(milliseconds: number): boolean {
    return this.#lastGood !== undefined && this.#clock() - this.#lastGood <= milliseconds;
  }

  async check(): Promise<boolean> {
    const began = this.#clock();
    try {
      const knocks = this.#checks % knockEvery === 0 ? [knock(this.#newcomer)] : [];
      await Promise.all([this.#session.query('SELECT 1'), ...knocks, ...this.#directories.map(writeAndSync)]);
      this.#checks += 1;
      this.#lastGood = began;
      return true;
    } catch {
      return false;
    }
  }

  async run(everyMs: () => number, wanted: () => boolean, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (wanted()) await this.check();
      await delay(everyMs(), undefined, { signal }).catch(() => undefined);
    }
  }
}
