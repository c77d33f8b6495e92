const sampleSize = 8 * 1024;
/** Bits of information in a byte, of eight. A sample of random bytes has 7.97, text five, pages of rows less. */
const even = 7.9;
/** Words of a sample that were there before, of which random bytes have none. */
const repeated = 64;

const counts = new Uint32Array(256);
const places = new Uint32Array(4096);

function bitsPerByte(sample: Buffer): number {
  counts.fill(0);
  for (let at = 0; at < sample.length; at += 1) counts[sample[at]!]! += 1;
  let bits = 0;
  for (const count of counts) if (count > 0) bits -= (count / sample.length) * Math.log2(count / sample.length);
  return bits;
}

/** Four bytes that are found again at any distance, as deflate looks for them. */
function repetitions(sample: Buffer): number {
  places.fill(0);
  let found = 0;
  for (let at = 0; at + 4 <= sample.length; at += 1) {
    const word = sample.readUInt32LE(at);
    const slot = Math.imul(word, 0x9e3779b1) >>> 20;
    const before = places[slot]!;
    if (before > 0 && sample.readUInt32LE(before - 1) === word) found += 1;
    places[slot] = at + 1;
  }
  return found;
}

/** Whether it is in vain to compress this, to judge by a sample from the middle: bytes evenly spread, and none of them again. */
export function isIncompressible(piece: Buffer): boolean {
  if (piece.length < sampleSize) return false;
  const at = (piece.length - sampleSize) >> 1;
  const sample = piece.subarray(at, at + sampleSize);
  return bitsPerByte(sample) > even && repetitions(sample) < repeated;
}
