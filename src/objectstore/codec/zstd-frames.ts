// Frames of Zstandard (RFC 8878, section 3.1). zlib stops silently at the end of a frame when more follows in the same chunk, so
// chunks are cut where frames end.
import { ByteSource } from './byte-source.ts';

const magic = 0xfd2fb528;
const skippable = 0x184d2a50;
const dictionarySizes = [0, 1, 2, 4] as const;
const contentSizes = [0, 2, 4, 8] as const;

/** The same bytes without skippable frames; no chunk holds bytes of two frames. */
export async function* splitFrames(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const bytes = new ByteSource(source, 'zstd');
  try {
    for (let start = await bytes.take(4); start; start = await bytes.take(4)) {
      const kind = start.readUInt32LE();
      if ((kind & 0xfffffff0) >>> 0 === skippable) await skip(bytes, (await bytes.need(4)).readUInt32LE());
      else if (kind === magic) yield* frame(bytes, start);
      else throw new Error('zstd: not the beginning of a frame');
    }
  } finally {
    await bytes.close();
  }
}

async function skip(bytes: ByteSource, length: number): Promise<void> {
  for (let left = length; left > 0; left -= Math.min(left, 1 << 16)) await bytes.need(Math.min(left, 1 << 16));
}

async function* frame(bytes: ByteSource, start: Buffer): AsyncGenerator<Buffer> {
  const [descriptor = 0] = await bytes.need(1);
  const single = (descriptor & 0x20) !== 0;
  const contentFlag = descriptor >> 6;
  const contentSize = contentFlag === 0 && single ? 1 : (contentSizes[contentFlag] ?? 0);
  const header = (single ? 0 : 1) + (dictionarySizes[descriptor & 3] ?? 0) + contentSize;
  yield Buffer.concat([start, Buffer.from([descriptor]), header > 0 ? await bytes.need(header) : Buffer.alloc(0)]);
  for (let last = false; !last;) {
    const head = await bytes.need(3);
    const word = head.readUIntLE(0, 3);
    last = (word & 1) === 1;
    const repeated = ((word >> 1) & 3) === 1;
    const size = repeated ? 1 : word >> 3;
    const checksum = last && (descriptor & 4) !== 0 ? 4 : 0;
    const rest = size + checksum;
    yield rest > 0 ? Buffer.concat([head, await bytes.need(rest)]) : head;
  }
}
