const damaged = (): Error => new Error('lz4: damaged block');

/** LZ4 block format. `window` is what came before the block; `limit` bytes at most come out. */
export function decodeLz4Block(block: Buffer, window: Buffer, limit: number): Buffer {
  const out = Buffer.allocUnsafe(window.length + limit);
  window.copy(out);
  let to = window.length;
  let at = 0;
  const length = (nibble: number): number => {
    let total = nibble;
    if (nibble < 15) return total;
    for (let byte = 255; byte === 255;) {
      if (at >= block.length) throw damaged();
      byte = block[at++] ?? 0;
      total += byte;
    }
    return total;
  };
  while (at < block.length) {
    const token = block[at++] ?? 0;
    const literals = length(token >> 4);
    if (at + literals > block.length || to + literals > out.length) throw damaged();
    block.copy(out, to, at, at + literals);
    at += literals;
    to += literals;
    // The last sequence is literals only.
    if (at === block.length) break;
    if (at + 2 > block.length) throw damaged();
    const offset = block.readUInt16LE(at);
    at += 2;
    const match = length(token & 15) + 4;
    if (offset === 0 || offset > to || to + match > out.length) throw damaged();
    copyMatch(out, { from: to - offset, to, length: match });
    to += match;
  }
  return out.subarray(window.length, to);
}

/** A match may reach into itself: then it repeats. */
export function copyMatch(
  out: Buffer,
  match: { readonly from: number; readonly to: number; readonly length: number },
): void {
  const { from, to, length } = match;
  if (from + length <= to) out.copyWithin(to, from, from + length);
  else for (let index = 0; index < length; index += 1) out[to + index] = out[from + index] ?? 0;
}
