import { promisify } from 'node:util';
import { type ZlibOptions, constants, deflateRaw, inflateRaw } from 'node:zlib';
import type { FrameFormat, Plain } from './format.ts';

type OnBuffer = (data: Buffer, options: ZlibOptions) => Promise<Buffer>;
const deflate = promisify(deflateRaw) as OnBuffer;
const inflate = promisify(inflateRaw) as OnBuffer;

/** Data pages shrink nearly as much at level 1 as at 6, in a third of the time. */
const level = 1;
const chunkSize = 512 * 1024;

/** RFC 1952: deflate, no name, no time, "fastest", unknown system. */
const head = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255]);
/** An empty last block: the frames before it are all "not the last". */
const lastBlock = Buffer.from([3, 0]);

function tail({ crc32, size }: Plain): Buffer {
  const sums = Buffer.alloc(8);
  sums.writeUInt32LE(crc32 >>> 0, 0);
  sums.writeUInt32LE(size % 2 ** 32, 4);
  return Buffer.concat([lastBlock, sums]);
}

/** One gzip member. Its frames end on a byte's border (a sync flush) and look back at nothing before them. */
export const gzipFrames: FrameFormat = {
  head,
  tail,
  compress: (plain) => deflate(plain, { level, chunkSize, finishFlush: constants.Z_SYNC_FLUSH }),
  decompress: (frame) => inflate(frame, { chunkSize, finishFlush: constants.Z_SYNC_FLUSH }),
};
