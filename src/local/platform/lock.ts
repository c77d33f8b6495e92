import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

/** A lock on a file that the kernel drops when its holder dies; Node has no flock, SQLite has a lock of that kind. */
export interface Lock {
  [Symbol.dispose](): void;
}

/** The lock, or undefined when another process holds it. */
export function tryLock(file: string): Lock | undefined {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (/locked|busy/i.test(String(error))) return undefined;
    throw error;
  }
  return { [Symbol.dispose]: () => database.close() };
}

/** Waits for the lock; undefined when it was not to be had in time. */
export async function waitForLock(file: string, milliseconds: number, signal: AbortSignal): Promise<Lock | undefined> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    const lock = tryLock(file);
    if (lock || performance.now() > deadline) return lock;
    await sleep(100, undefined, { signal });
  }
}
