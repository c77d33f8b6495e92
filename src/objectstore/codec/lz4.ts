// LZ4 frames (LZ4 frame format 1.6.4), as Barman's python lz4 and the lz4 program write them.
import lz4 from 'lz4-napi';
import { ByteSource } from './byte-source.ts';
import { decodeLz4Block } from './lz4-block.ts';
import { XxHash32, xxHash32 } from './xxhash32.ts';

const magic = 0x184d2204;
const skippable = 0x184d2a50;
/** How far back a match can reach, also into the block before. */
const windowSize = 1 << 16;
const blockSizes: Readonly<Record<number, number>> = { 4: 1 << 16, 5: 1 << 18, 6: 1 << 20, 7: 1 << 22 };

/** One frame; work is done on the thread pool. */
export const compressLz4 = (data: Buffer): Promise<Buffer> => lz4.compressFrame(data, { contentChecksum: true });

export async function* readLz4(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const bytes = new ByteSource(source, 'lz4');
  try {
    for (let start = await bytes.take(4); start; start = await bytes.take(4)) {
      const kind = start.readUInt32LE();
      if ((kind & 0xfffffff0) >>> 0 === skippable) await bytes.need((await bytes.need(4)).readUInt32LE());
      else if (kind === magic) yield* frame(bytes);
      else throw new Error('lz4: not the beginning of a frame');
    }
  } finally {
    await bytes.close();
  }
}

interface FrameHeader {
  readonly blockSize: number;
  readonly independent: boolean;
  readonly blockChecksums: boolean;
  readonly contentChecksum: boolean;
}

async function readHeader(bytes: ByteSource): Promise<FrameHeader> {
  const fixed = await bytes.need(2);
  const [flags = 0, descriptor = 0] = fixed;
  if (flags >> 6 !== 1) throw new Error(`lz4: frame version ${flags >> 6} is not known`);
  if (flags & 1) throw new Error('lz4: the frame needs a dictionary');
  const rest = await bytes.need((flags & 8 ? 8 : 0) + 1);
  const described = Buffer.concat([fixed, rest.subarray(0, -1)]);
  if (((xxHash32(described) >>> 8) & 0xff) !== rest.at(-1)) throw new Error('lz4: damaged frame header');
  const blockSize = blockSizes[(descriptor >> 4) & 7];
  if (blockSize === undefined) throw new Error('lz4: block size of the frame is not known');
  return {
    blockSize,
    independent: (flags & 0x20) !== 0,
    blockChecksums: (flags & 0x10) !== 0,
    contentChecksum: (flags & 4) !== 0,
  };
}

async function* frame(bytes: ByteSource): AsyncGenerator<Buffer> {
  const header = await readHeader(bytes);
  const sum = header.contentChecksum ? new XxHash32() : undefined;
  let window = Buffer.alloc(0);
  for (;;) {
    const word = (await bytes.need(4)).readUInt32LE();
    if (word === 0) break;
    const size = word & 0x7fffffff;
    if (size > header.blockSize) throw new Error('lz4: damaged block length');
    const block = await bytes.need(size);
    if (header.blockChecksums && (await bytes.need(4)).readUInt32LE() !== xxHash32(block)) {
      throw new Error('lz4: damaged block');
    }
    const plain = word >>> 31 === 1 ? block : decodeLz4Block(block, window, header.blockSize);
    if (!header.independent) window = Buffer.concat([window, plain]).subarray(-windowSize);
    sum?.update(plain);
    yield plain;
  }
  if (sum && (await bytes.need(4)).readUInt32LE() !== sum.digest())
    throw new Error('lz4: content does not match its checksum');
}
