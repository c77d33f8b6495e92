import { promisify } from 'node:util';
import { type ZlibOptions, constants, deflateRaw, inflateRaw, zstdCompress } from 'node:zlib';
import type { FrameFormat, Plain } from './format.ts';

type OnBuffer = (data: Buffer, options: ZlibOptions) => Promise<Buffer>;
const deflate = promisify(deflateRaw) as OnBuffer;
const inflate = promisify(inflateRaw) as OnBuffer;
const zstd = promisify(zstdCompress) as (data: Buffer) => Promise<Buffer>;

/** Data pages shrink nearly as much at level 1 as at 6, in a third of the time. */
const level = 1;
const chunkSize = 512 * 1024;
/** A whole frame and a little room, so that its bytes come as one buffer. */
const plainSize = (1 << 20) + 4096;
/** What is not to be made smaller is found out piece by piece, from a sample in the middle of each. */
const pieceSize = 256 * 1024;
const sampleSize = 16 * 1024;
/** Of what a sample had, what must be left for its piece to be stored as it is. */
const hopeless = 0.97;

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

/** Deflate takes three times as long over random bytes as over text, to end with more of them; zstd knows at once. */
async function shrinks(piece: Buffer): Promise<boolean> {
  const at = Math.max(0, (piece.length - sampleSize) >> 1);
  const sample = piece.subarray(at, at + sampleSize);
  return (await zstd(sample)).length < sample.length * hopeless;
}

/** Neighbours of one kind as one piece. */
async function runs(plain: Buffer): Promise<{ start: number; end: number; shrinks: boolean }[]> {
  const starts = Array.from({ length: Math.ceil(plain.length / pieceSize) }, (_, index) => index * pieceSize);
  const found = await Promise.all(starts.map((start) => shrinks(plain.subarray(start, start + pieceSize))));
  const runs: { start: number; end: number; shrinks: boolean }[] = [];
  for (const [index, start] of starts.entries()) {
    const end = Math.min(start + pieceSize, plain.length);
    const one = { start, end, shrinks: found[index] ?? true };
    const last = runs.at(-1);
    if (last?.shrinks === one.shrinks) last.end = end;
    else runs.push(one);
  }
  return runs;
}

async function compress(plain: Buffer): Promise<Buffer> {
  const packed = (await runs(plain)).map(({ start, end, shrinks: smaller }) =>
    deflate(plain.subarray(start, end), {
      level: smaller ? level : constants.Z_NO_COMPRESSION,
      memLevel: constants.Z_MAX_MEMLEVEL,
      chunkSize,
      finishFlush: constants.Z_SYNC_FLUSH,
    }),
  );
  const [only, ...others] = await Promise.all(packed);
  return others.length === 0 && only ? only : Buffer.concat([...(only ? [only] : []), ...others]);
}

/** One gzip member. Its frames end on a byte's border (a sync flush) and look back at nothing before them. */
export const gzipFrames: FrameFormat = {
  head,
  tail,
  compress,
  decompress: (frame) => inflate(frame, { chunkSize: plainSize, finishFlush: constants.Z_SYNC_FLUSH }),
};
