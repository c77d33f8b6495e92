import { promisify } from 'node:util';
import { type ZlibOptions, constants, createDeflateRaw, inflateRaw } from 'node:zlib';
import type { FrameFormat, Plain } from './format.ts';
import { isIncompressible } from './incompressible.ts';

const inflate = promisify(inflateRaw) as (data: Buffer, options: ZlibOptions) => Promise<Buffer>;

/** Data pages shrink nearly as much at level 1 as at 6, in a third of the time. */
const level = 1;
/** Two pages' distance: what is found further back makes no odds, and the tables stay in the processor's cache (12 % faster). */
const windowBits = 14;
const chunkSize = 256 * 1024;
/** A whole frame and a little room, so that its bytes come as one buffer. */
const plainSize = (1 << 20) + 4096;
/** More than a frame becomes: a stream whose output nobody has read yet does not stop. */
const outputLimit = 4 << 20;
/** What is not to be made smaller is found out piece by piece. */
const pieceSize = 256 * 1024;
/** RFC 1951, a block that is stored. */
const maxStored = 0xffff;

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

/** A deflate stream that is used for one piece after the other: a new one for each would be most of the garbage of a backup. */
class Deflater {
  readonly #stream = createDeflateRaw({
    ...{ level, windowBits, memLevel: constants.Z_MAX_MEMLEVEL },
    ...{ chunkSize, readableHighWaterMark: outputLimit },
  });

  /** What comes out ends on a byte's border and looks back at nothing before it. `plain` may be used again when it is done. */
  compress(plain: Buffer): Promise<Buffer> {
    const stream = this.#stream;
    return new Promise((resolve, reject) => {
      stream.once('error', reject);
      stream.write(plain);
      stream.flush(constants.Z_FULL_FLUSH, () => {
        stream.off('error', reject);
        resolve((stream.read() as Buffer | null) ?? Buffer.alloc(0));
      });
    });
  }
}

/** Deflate takes three times as long over random bytes as over text, and ends with more of them. */
function stored(plain: Buffer): Buffer {
  const blocks = Math.ceil(plain.length / maxStored);
  const out = Buffer.allocUnsafeSlow(plain.length + 5 * blocks);
  for (let block = 0; block < blocks; block += 1) {
    const part = plain.subarray(block * maxStored, (block + 1) * maxStored);
    const at = block * (maxStored + 5);
    out[at] = 0;
    out.writeUInt16LE(part.length, at + 1);
    out.writeUInt16LE(~part.length & 0xffff, at + 3);
    part.copy(out, at + 5);
  }
  return out;
}

interface Run {
  readonly start: number;
  end: number;
  readonly random: boolean;
}

/** Neighbours of one kind as one piece. */
function runs(plain: Buffer): Run[] {
  const found: Run[] = [];
  for (let start = 0; start < plain.length; start += pieceSize) {
    const end = Math.min(start + pieceSize, plain.length);
    const random = isIncompressible(plain.subarray(start, end));
    const last = found.at(-1);
    if (last?.random === random) last.end = end;
    else found.push({ start, end, random });
  }
  return found;
}

function compressor(): (plain: Buffer) => Promise<Buffer> {
  const idle: Deflater[] = [];
  return async (plain) => {
    const deflater = idle.pop() ?? new Deflater();
    const packed: Buffer[] = [];
    for (const { start, end, random } of runs(plain)) {
      const piece = plain.subarray(start, end);
      packed.push(random ? stored(piece) : await deflater.compress(piece));
    }
    idle.push(deflater);
    return packed.length === 1 ? (packed[0] as Buffer) : Buffer.concat(packed);
  };
}

/** One gzip member. Its frames end on a byte's border (a full flush) and look back at nothing before them. */
export const gzipFrames: FrameFormat = {
  head,
  tail,
  compressor,
  decompress: (frame) => inflate(frame, { chunkSize: plainSize, finishFlush: constants.Z_SYNC_FLUSH }),
};
