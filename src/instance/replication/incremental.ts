import type { FileHandle } from 'node:fs/promises';
import {
  type BlockRun,
  blockRuns,
  blockSize,
  completeLength,
  parseIncrementalHeader,
} from '../../postgres/incremental-file.ts';

/** Makes of a parent's file, in its place, what an incremental file says that it has become. */
export class IncrementalFile {
  readonly #file: FileHandle;
  #head = Buffer.alloc(0);
  #runs: readonly BlockRun[] | undefined;
  #run = 0;
  /** Bytes of blocks that have come. */
  #done = 0;
  #length = 0;

  /** `file` is the parent's, open for writing. */
  constructor(file: FileHandle) {
    this.#file = file;
  }

  async data(chunk: Buffer): Promise<void> {
    if (this.#runs) return this.#blocks(chunk);
    this.#head = Buffer.concat([this.#head, chunk]);
    const header = parseIncrementalHeader(this.#head);
    if (!header) return;
    this.#runs = blockRuns(header.blocks);
    this.#length = completeLength(header) * blockSize;
    const { size } = await this.#file.stat();
    // What lies behind is gone; where nothing follows in its place there are zeros.
    if (size > header.truncation * blockSize) await this.#file.truncate(header.truncation * blockSize);
    const rest = this.#head.subarray(header.size);
    this.#head = Buffer.alloc(0);
    await this.#blocks(rest);
  }

  async #blocks(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length;) {
      const run = this.#runs?.[this.#run];
      if (!run) throw new Error('incremental file: more content than its header says');
      const inside = this.#done - run.from;
      const length = Math.min(run.length - inside, chunk.length - at);
      const { bytesWritten } = await this.#file.write(chunk, at, length, run.to + inside);
      at += bytesWritten;
      this.#done += bytesWritten;
      if (this.#done === run.from + run.length) this.#run += 1;
    }
  }

  async end(): Promise<void> {
    if (!this.#runs || this.#run < this.#runs.length)
      throw new Error('incremental file: it ends before its last block');
    await this.#file.truncate(this.#length);
  }
}
