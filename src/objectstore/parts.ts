import { once } from 'node:events';

/** Limits of S3 multipart uploads. */
export const minPartSize = 5 * 1024 * 1024;
export const maxParts = 10_000;
export const defaultPartSize = 8 * 1024 * 1024;

const mebibyte = 1024 * 1024;

/** The part size for an object of about `expected` bytes: with twice that it still fits into the parts allowed. */
export const partSizeFor = (expected: number): number =>
  Math.max(defaultPartSize, Math.ceil((2 * expected) / maxParts / mebibyte) * mebibyte);

/** A fixed number of buffers that parts are gathered and sent in, so that an upload's memory does not depend on the collector. */
export class PartBuffers {
  readonly size: number;
  readonly #free: Buffer[] = [];
  readonly #freed = new EventTarget();
  #unmade: number;

  constructor(size: number, count: number) {
    this.size = size;
    this.#unmade = count;
  }

  /** Waits until one is free. */
  async take(signal: AbortSignal): Promise<Buffer> {
    for (;;) {
      signal.throwIfAborted();
      const free = this.#free.pop();
      if (free) return free;
      if (this.#unmade > 0) {
        this.#unmade--;
        return Buffer.allocUnsafeSlow(this.size);
      }
      await once(this.#freed, 'freed', { signal });
    }
  }

  release(buffer: Buffer): void {
    this.#free.push(buffer);
    this.#freed.dispatchEvent(new Event('freed'));
  }
}

export interface FilledPart {
  /** The whole buffer, to be released. */
  readonly buffer: Buffer;
  readonly length: number;
}

/** Gathers a stream into buffers that are filled to the end; only the last may be shorter, and none is empty. */
export async function* inParts(
  source: AsyncIterable<Buffer>,
  buffers: PartBuffers,
  signal: AbortSignal,
): AsyncGenerator<FilledPart, void, void> {
  let buffer: Buffer | undefined;
  let length = 0;
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length;) {
      buffer ??= await buffers.take(signal);
      const copied = chunk.copy(buffer, length, at);
      at += copied;
      length += copied;
      if (length < buffers.size) continue;
      yield { buffer, length };
      buffer = undefined;
      length = 0;
    }
    signal.throwIfAborted();
  }
  if (buffer) yield { buffer, length };
}
