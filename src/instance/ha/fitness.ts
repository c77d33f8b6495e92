import { constants, open } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Session } from '../sql/session.ts';
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

/** Whether postgres answers and its volumes take a write, asked all the time (rule 4): a dead disk under a live kernel loses the lease. */
export class Fitness {
  readonly #session: Session;
  readonly #directories: readonly string[];
  readonly #clock: BootClock;
  #lastGood: number | undefined;

  constructor(session: Session, directories: readonly string[], clock: BootClock) {
    this.#session = session;
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
      await Promise.all([this.#session.query('SELECT 1'), ...this.#directories.map(writeAndSync)]);
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
