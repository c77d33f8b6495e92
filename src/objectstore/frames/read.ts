import { crc32 } from 'node:zlib';
import type { FrameFormat } from './format.ts';
import { inOrder } from '../ordered.ts';
import type { FrameSizes } from './write.ts';

/** Cuts a stream into its frames. The head is passed over; what follows the last frame is collected. */
class Cutter {
  readonly rest: Buffer[] = [];
  readonly #sizes: FrameSizes;
  #parts: Buffer[] = [];
  /** -1: the head. */
  #number = -1;
  #missing: number;

  constructor(sizes: FrameSizes, head: number) {
    this.#sizes = sizes;
    this.#missing = head;
  }

  *push(chunk: Buffer): Generator<Buffer> {
    let at = 0;
    for (;;) {
      while (this.#missing === 0 && this.#number < this.#sizes.length) yield* this.#next();
      if (at === chunk.length) return;
      const taken = this.#missing === 0 ? chunk.length - at : Math.min(this.#missing, chunk.length - at);
      const part = chunk.subarray(at, at + taken);
      if (this.#missing === 0) this.rest.push(part);
      else {
        this.#parts.push(part);
        this.#missing -= taken;
      }
      at += taken;
    }
  }

  *#next(): Generator<Buffer> {
    if (this.#number >= 0) yield this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#number += 1;
    this.#missing = this.#sizes[this.#number] ?? 0;
  }

  finish(): void {
    if (this.#number < this.#sizes.length) throw new Error('the stored data ends in the middle of a frame');
  }
}

/** Decompresses a stream whose frames' sizes are known, `ahead` of them at once. A stream that is not what was written is an error. */
export async function* decompressFrames(
  format: FrameFormat,
  source: AsyncIterable<Buffer>,
  { ahead, sizes }: { ahead: number; sizes: FrameSizes },
): AsyncGenerator<Buffer> {
  const cutter = new Cutter(sizes, format.head.length);
  async function* frames(): AsyncGenerator<Buffer> {
    for await (const chunk of source) yield* cutter.push(chunk);
    cutter.finish();
  }
  const plain = { crc32: 0, size: 0 };
  for await (const content of inOrder(frames(), (frame) => format.decompress(frame), ahead)) {
    plain.crc32 = crc32(content, plain.crc32);
    plain.size += content.length;
    yield content;
  }
  if (!Buffer.concat(cutter.rest).equals(format.tail(plain))) throw new Error('the stored data is damaged');
}
