import { crc32 } from 'node:zlib';
import { PartBuffers } from '../parts.ts';
import type { FrameFormat } from './format.ts';
import { inOrder } from '../ordered.ts';

/** Plain bytes of a frame: small enough for many at once, large enough to shrink as well as a stream. */
export const frameSize = 1 << 20;

interface Filled {
  readonly buffer: Buffer;
  readonly length: number;
}

/** Bytes of each frame as it is stored, in order: what a reader needs to take the stream apart again. */
export type FrameSizes = number[];

/**
 * Compresses a stream in frames, `ahead` of them at once. Memory is bounded by twice as many frames, whatever the reader does.
 * `sizes` is filled on the way.
 */
export async function* compressFrames(
  format: FrameFormat,
  source: AsyncIterable<Buffer>,
  { ahead, sizes, signal }: { ahead: number; sizes: FrameSizes; signal: AbortSignal },
): AsyncGenerator<Buffer> {
  const buffers = new PartBuffers(frameSize, ahead + 1);
  const plain = { crc32: 0, size: 0 };
  async function* fill(): AsyncGenerator<Filled> {
    let buffer: Buffer | undefined;
    let length = 0;
    for await (const chunk of source) {
      plain.crc32 = crc32(chunk, plain.crc32);
      plain.size += chunk.length;
      for (let at = 0; at < chunk.length;) {
        buffer ??= await buffers.take(signal);
        const copied = chunk.copy(buffer, length, at);
        at += copied;
        length += copied;
        if (length < frameSize) continue;
        yield { buffer, length };
        buffer = undefined;
        length = 0;
      }
    }
    if (buffer) yield { buffer, length };
  }
  const pack = format.compressor();
  const compress = async ({ buffer, length }: Filled): Promise<Buffer> => {
    try {
      return await pack(buffer.subarray(0, length));
    } finally {
      buffers.release(buffer);
    }
  };
  if (format.head.length > 0) yield format.head;
  for await (const frame of inOrder(fill(), compress, ahead)) {
    signal.throwIfAborted();
    sizes.push(frame.length);
    yield frame;
  }
  const tail = format.tail(plain);
  if (tail.length > 0) yield tail;
}
