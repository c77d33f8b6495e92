// Snappy's framing format (google/snappy, framing_format.txt), as python-snappy's StreamCompressor writes it for Barman.
import { Compressor } from 'snappy';
import { ByteSource } from './byte-source.ts';
import { maskedCrc32c } from './crc32c.ts';
import { decodeSnappyBlock } from './snappy-block.ts';

const identifier = 'sNaPpY';
/** Plain bytes of a chunk. */
const maxChunk = 1 << 16;

/** One stream with its identifier. */
export async function compressSnappy(data: Buffer): Promise<Buffer> {
  const compressor = new Compressor();
  const head = compressor.update(data);
  return Buffer.concat([head, await compressor.finish()]);
}

export async function* readSnappy(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const bytes = new ByteSource(source, 'snappy');
  let begun = false;
  try {
    for (let head = await bytes.take(4); head; head = await bytes.take(4)) {
      const [kind = 0] = head;
      const chunk = await bytes.need(head.readUIntLE(1, 3));
      if (!begun && kind !== 0xff) throw new Error('snappy: not the beginning of a stream');
      begun = true;
      if (kind === 0xff && String(chunk) !== identifier) throw new Error('snappy: not the identifier of a stream');
      if (kind >= 0x02 && kind <= 0x7f) throw new Error(`snappy: chunk of unknown type ${kind}`);
      if (kind <= 0x01) yield content(kind, chunk);
    }
  } finally {
    await bytes.close();
  }
}

function content(kind: number, chunk: Buffer): Buffer {
  if (chunk.length < 4) throw new Error('snappy: damaged chunk');
  const data = chunk.subarray(4);
  const plain = kind === 0 ? decodeSnappyBlock(data, maxChunk) : data;
  if (maskedCrc32c(plain) !== chunk.readUInt32LE()) throw new Error('snappy: chunk does not match its checksum');
  return plain;
}
