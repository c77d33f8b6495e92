const blockSize = 1 << 20;
/** Milliseconds. */
const keptFor = 5_000;

/**
 * Memory for what waits to be sent: blocks that are used again and given back to the system when none has been in use for a while. Chunks that
 * live as long as a request does would be found dead only by the next full collection, tens of MiB later.
 */
export class BlockPool {
  readonly #limit: number;
  #free: Buffer[] = [];
  #lent = 0;
  #timer: NodeJS.Timeout | undefined;

  /** In bytes; whole blocks of a MiB. */
  constructor(bytes: number) {
    this.#limit = Math.floor(bytes / blockSize);
  }

  /** Undefined when all are in use. */
  take(): Buffer | undefined {
    if (this.#lent === this.#limit) return undefined;
    clearTimeout(this.#timer);
    this.#lent += 1;
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(blockSize);
  }

  give(blocks: readonly Buffer[]): void {
    this.#lent -= blocks.length;
    this.#free.push(...blocks);
    if (this.#lent > 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#release(), keptFor).unref();
  }

  #release(): void {
    // Without waiting for a collection. Nothing refers to them: none is lent.
    for (const { buffer } of this.#free) if (buffer instanceof ArrayBuffer) buffer.transfer(0);
    this.#free = [];
  }
}

/** Bytes that are kept in blocks of a pool, as long as it has some. */
export class Kept {
  readonly #pool: BlockPool;
  #blocks: Buffer[] = [];
  #used = blockSize;

  constructor(pool: BlockPool) {
    this.#pool = pool;
  }

  /** False when there is no room for all of it: what was kept is of no use then. */
  add(chunk: Buffer): boolean {
    for (let at = 0; at < chunk.length;) {
      if (this.#used === blockSize) {
        const block = this.#pool.take();
        if (!block) return false;
        this.#blocks.push(block);
        this.#used = 0;
      }
      const copied = chunk.copy(this.#blocks.at(-1) as Buffer, this.#used, at);
      this.#used += copied;
      at += copied;
    }
    return true;
  }

  async *chunks(): AsyncGenerator<Buffer> {
    const last = this.#blocks.length - 1;
    for (const [index, block] of this.#blocks.entries()) yield index === last ? block.subarray(0, this.#used) : block;
  }

  /** Gives the blocks back; may be called again. */
  drop(): void {
    this.#pool.give(this.#blocks);
    this.#blocks = [];
    this.#used = blockSize;
  }
}
