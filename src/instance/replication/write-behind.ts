import type { FileHandle } from 'node:fs/promises';

/** Writes under way at once, each of a chunk, which is a MiB at most where it matters: beyond them nothing gets faster. */
const most = 4;

/** Writes a file's bytes, one after the other, while those that follow are still being made. What is given must not be changed afterwards. */
export class WriteBehind {
  readonly #wrote: (file: FileHandle, bytes: number) => void;
  readonly #running = new Set<Promise<void>>();
  #file: FileHandle | undefined;
  #position = 0;
  #failure: { readonly error: unknown } | undefined;

  /** `wrote` is told of each chunk that is written. */
  constructor(wrote: (file: FileHandle, bytes: number) => void) {
    this.#wrote = wrote;
  }

  /** To an empty file. Waits while too much is under way, and throws what went wrong with something before it. */
  async write(file: FileHandle, chunk: Buffer): Promise<void> {
    if (file !== this.#file) {
      await this.settle();
      this.#file = file;
      this.#position = 0;
    }
    const one = this.#all(file, chunk, this.#position)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#running.delete(one));
    this.#running.add(one);
    this.#position += chunk.length;
    while (this.#running.size >= most) await Promise.race(this.#running);
    if (this.#failure) throw this.#failure.error;
  }

  /** Nothing is under way any more afterwards; throws what went wrong. */
  async settle(): Promise<void> {
    while (this.#running.size > 0) await Promise.race(this.#running);
    if (this.#failure) throw this.#failure.error;
  }

  async #all(file: FileHandle, chunk: Buffer, position: number): Promise<void> {
    for (let at = 0; at < chunk.length;)
      at += (await file.write(chunk, at, chunk.length - at, position + at)).bytesWritten;
    this.#wrote(file, chunk.length);
  }
}
