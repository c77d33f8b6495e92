import type { FileHandle } from 'node:fs/promises';

/** Syncs under way at once: each holds a thread of libuv's pool, which others need as well. */
const concurrency = 2;
/** Bytes of one file after which the disk begins to write them. */
const stride = 16 << 20;
/** A smaller file is left to the sync of all at the end. */
const worthwhile = 1 << 20;

/** Has files written to the disk while others are still being made: left to the end, the disk would idle first and be waited for then. */
export class Flusher {
  readonly #running = new Set<Promise<void>>();
  readonly #files = new WeakMap<FileHandle, { total: number; unsynced: number; syncing: Promise<void> | undefined }>();
  #failure: { error: unknown } | undefined;

  /** To be told of what was written. */
  wrote(handle: FileHandle, bytes: number): void {
    const file = this.#files.get(handle) ?? { total: 0, unsynced: 0, syncing: undefined };
    this.#files.set(handle, file);
    file.total += bytes;
    file.unsynced += bytes;
    if (file.unsynced < stride || file.syncing !== undefined || this.#running.size >= concurrency) return;
    file.unsynced = 0;
    file.syncing = this.#track(handle.datasync()).finally(() => (file.syncing = undefined));
  }

  /** Takes over the handle of a file that is complete. Waits while too much is under way. Throws what went wrong with earlier ones. */
  async close(handle: FileHandle): Promise<void> {
    const file = this.#files.get(handle);
    if (!file || file.total < worthwhile) {
      await handle.close();
    } else {
      while (this.#running.size >= concurrency) await Promise.race(this.#running);
      void this.#track(this.#finish(handle, file.syncing));
    }
    this.#check();
  }

  async #finish(handle: FileHandle, syncing: Promise<void> | undefined): Promise<void> {
    try {
      await syncing;
      await handle.datasync();
    } finally {
      await handle.close();
    }
  }

  /** All handles are closed afterwards. */
  async settle(): Promise<void> {
    while (this.#running.size > 0) await Promise.race(this.#running);
    this.#check();
  }

  #track(work: Promise<void>): Promise<void> {
    const one = work
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#running.delete(one));
    this.#running.add(one);
    return one;
  }

  #check(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
