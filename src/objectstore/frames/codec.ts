import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { type Compression, compressBuffer, decompressBuffer } from '../codec/compression.ts';
import { gzipFrames } from './deflate.ts';
import type { FrameFormat } from './format.ts';

const none = Buffer.alloc(0);
const unzstd = promisify(zstdDecompress) as (data: Buffer) => Promise<Buffer>;

/** A format whose streams may follow one another in a file. */
const joined = (compression: Compression, decompress: (frame: Buffer) => Promise<Buffer>): FrameFormat => ({
  head: none,
  tail: () => none,
  compressor: () => (plain) => compressBuffer(compression, plain),
  decompress,
});

/** Undefined for what is not written in frames. */
export function frameFormat(compression: string): FrameFormat | undefined {
  switch (compression) {
    case 'gzip':
      return gzipFrames;
    case 'zstd':
      return joined(compression, unzstd);
    case 'lz4':
      return joined(compression, async (frame) => (await import('lz4-napi')).default.decompressFrame(frame));
    case 'snappy':
      return joined(compression, (frame) => decompressBuffer(compression, frame));
    default:
      return undefined;
  }
}
