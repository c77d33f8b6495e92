import { copyMatch } from './lz4-block.ts';

const damaged = (): Error => new Error('snappy: damaged chunk');

/** Snappy's block format (google/snappy); `limit` bytes at most come out. */
export function decodeSnappyBlock(block: Buffer, limit: number): Buffer {
  let at = 0;
  let size = 0;
  for (let shift = 0, more = true; more; shift += 7) {
    if (at >= block.length || shift > 28) throw damaged();
    const byte = block[at++] ?? 0;
    size += (byte & 0x7f) * 2 ** shift;
    more = byte >= 0x80;
  }
  if (size > limit) throw damaged();
  const out = Buffer.allocUnsafe(size);
  let to = 0;
  const number = (bytes: number): number => {
    if (at + bytes > block.length) throw damaged();
    at += bytes;
    return block.readUIntLE(at - bytes, bytes);
  };
  while (at < block.length) {
    const tag = block[at++] ?? 0;
    const kind = tag & 3;
    if (kind === 0) {
      const length = (tag >> 2 < 60 ? tag >> 2 : number((tag >> 2) - 59)) + 1;
      if (at + length > block.length || to + length > size) throw damaged();
      block.copy(out, to, at, at + length);
      at += length;
      to += length;
      continue;
    }
    const length = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const offset = kind === 1 ? ((tag >> 5) << 8) | number(1) : number(kind === 2 ? 2 : 4);
    if (offset === 0 || offset > to || to + length > size) throw damaged();
    copyMatch(out, { from: to - offset, to, length });
    to += length;
  }
  if (to !== size) throw damaged();
  return out;
}
