import { Socket } from 'node:net';

/** Larger than what a unix socket holds, so that a reader that was late takes all there is at once. */
const blockSize = 256 * 1024;
/** With less room in a block the next one is taken. */
const leastRoom = 16 * 1024;

interface Region {
  readonly block: 0 | 1;
  readonly from: number;
  to: number;
}

/**
 * A socket that reads into two blocks of memory, turn and turn about: one is filled while the other is in use. Buffers of its own for each
 * read, of 64 KiB for what may be 8, kept the collector of a base backup busier than anything else.
 */
export class BlockSocket {
  readonly socket: Socket;
  readonly #blocks = [Buffer.allocUnsafeSlow(blockSize), Buffer.allocUnsafeSlow(blockSize)] as const;
  /** Where the next read goes: the socket is told so right after the one before. */
  #block: 0 | 1 = 0;
  #at = 0;
  /** Read and not asked for yet; at most one in each block. */
  readonly #waiting: Region[] = [];
  #lent: 0 | 1 | undefined;
  /** Before that, whoever listens to 'data' is told. */
  #begun = false;
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor() {
    const buffer = (): Buffer => this.#blocks[this.#block].subarray(this.#at);
    const callback = (length: number, bytes: Buffer): boolean => this.#read(bytes.subarray(0, length));
    this.socket = new Socket({ onread: { buffer, callback } });
    this.socket.on('error', (error) => (this.#failure ??= error));
    this.socket.on('end', () => this.#end());
    this.socket.on('close', () => this.#end());
  }

  /** From now on what comes is for `next`. */
  begin(): void {
    this.#begun = true;
  }

  /** What has come, good until the next is asked for; undefined at the end. */
  async next(): Promise<Buffer | undefined> {
    this.#lent = undefined;
    for (;;) {
      const region = this.#waiting.shift();
      this.#lent = region?.block;
      if (this.#isFree()) this.socket.resume();
      if (region) return this.#blocks[region.block].subarray(region.from, region.to);
      if (this.#failure) throw this.#failure;
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** False pauses the socket. */
  #read(bytes: Buffer): boolean {
    if (!this.#begun) {
      this.socket.emit('data', Buffer.from(bytes));
      return true;
    }
    const from = this.#at;
    this.#at += bytes.length;
    const last = this.#waiting.at(-1);
    if (last?.block === this.#block && last.to === from) last.to = this.#at;
    else this.#waiting.push({ block: this.#block, from, to: this.#at });
    if (blockSize - this.#at < leastRoom) {
      this.#block = this.#block === 0 ? 1 : 0;
      this.#at = 0;
    }
    this.#wake?.();
    return this.#isFree();
  }

  /** Whether the place of the next read is nobody's. */
  #isFree(): boolean {
    const used = this.#lent === this.#block || this.#waiting.some(({ block }) => block === this.#block);
    return this.#at > 0 || !used;
  }

  #end(): void {
    this.#ended = true;
    this.#wake?.();
  }
}
