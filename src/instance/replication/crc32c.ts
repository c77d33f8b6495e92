/** Castagnoli's polynomial, as PostgreSQL computes it (src/port/pg_crc32c_sb8.c). */
function tables(): Uint32Array[] {
  const first = new Uint32Array(256);
  for (let index = 0; index < 256; index += 1) {
    let value = index;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
    first[index] = value >>> 0;
  }
  const all = [first];
  for (let table = 1; table < 4; table += 1) {
    const previous = all[table - 1] ?? first;
    all.push(previous.map((value) => (first[value & 0xff] ?? 0) ^ (value >>> 8)));
  }
  return all;
}

const [t0, t1, t2, t3] = tables() as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];

/** Goes on from `state`; begin with 0xffffffff and invert the last state. */
export function crc32cUpdate(state: number, bytes: Buffer): number {
  let crc = state;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    const word = (crc ^ bytes.readUInt32LE(at)) >>> 0;
    crc = t3[word & 0xff]! ^ t2[(word >>> 8) & 0xff]! ^ t1[(word >>> 16) & 0xff]! ^ t0[word >>> 24]!;
  }
  for (; at < bytes.length; at += 1) crc = t0[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  return crc >>> 0;
}
