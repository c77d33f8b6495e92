import { crc32 } from 'node:zlib';

/** A running cyclic redundancy check with bits reflected, as S3 uses them. */
export interface Crc {
  update(data: Buffer): void;
  digest(): Buffer;
}

export interface CrcKind {
  readonly bits: 32 | 64;
  /** Reflected polynomial. */
  readonly polynomial: bigint;
  start(): Crc;
}

const table32 = (polynomial: number): Uint32Array =>
  Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    return value >>> 0;
  });

const bytes32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};

/** The one of zlib, in native code. */
export const crc32Kind: CrcKind = {
  bits: 32,
  polynomial: 0xedb88320n,
  start: () => {
    let value = 0;
    return { update: (data) => void (value = crc32(data, value)), digest: () => bytes32(value) };
  },
};

/** Castagnoli's. */
export const crc32cKind: CrcKind = {
  bits: 32,
  polynomial: 0x82f63b78n,
  start: () => {
    const table = table32(0x82f63b78);
    let value = 0xffffffff;
    return {
      update: (data) => {
        let crc = value;
        // Plain loops over typed arrays: this is the one place where a byte costs time.
        for (let at = 0; at < data.length; at++) crc = (crc >>> 8) ^ table[(crc ^ data[at]!) & 0xff]!;
        value = crc;
      },
      digest: () => bytes32(~value),
    };
  },
};

/** CRC-64/NVME in two halves of 32 bits: BigInt would be fifty times slower. */
export const crc64nvmeKind: CrcKind = {
  bits: 64,
  polynomial: 0x9a6c9329ac4bc9b5n,
  start: () => {
    const { high, low } = table64(0x9a6c9329, 0xac4bc9b5);
    let h = 0xffffffff;
    let l = 0xffffffff;
    return {
      update: (data) => {
        for (let at = 0; at < data.length; at++) {
          const index = (l ^ data[at]!) & 0xff;
          l = ((l >>> 8) | (h << 24)) ^ low[index]!;
          h = (h >>> 8) ^ high[index]!;
        }
      },
      digest: () => Buffer.concat([bytes32(~h), bytes32(~l)]),
    };
  },
};

function table64(polyHigh: number, polyLow: number): { high: Uint32Array; low: Uint32Array } {
  const high = new Uint32Array(256);
  const low = new Uint32Array(256);
  for (let index = 0; index < 256; index++) {
    let h = 0;
    let l = index;
    for (let bit = 0; bit < 8; bit++) {
      const odd = l & 1;
      l = (l >>> 1) | (h << 31);
      h >>>= 1;
      if (odd) {
        h ^= polyHigh;
        l ^= polyLow;
      }
    }
    high[index] = h;
    low[index] = l;
  }
  return { high, low };
}

/**
 * The CRC of two strings of bytes one after the other from their CRCs: that of the first is moved on by the length of the
 * second, a multiplication by x^(8·length) modulo the polynomial.
 */
export function combineCrc({ bits, polynomial }: CrcKind, first: Buffer, second: Buffer, secondLength: number): Buffer {
  const one = 1n << BigInt(bits - 1);
  const multiply = (a: bigint, b: bigint): bigint => {
    let product = 0n;
    for (let mask = one, rest = b; mask > 0n; mask >>= 1n) {
      if (a & mask) product ^= rest;
      rest = rest & 1n ? (rest >> 1n) ^ polynomial : rest >> 1n;
    }
    return product;
  };
  let power = one; // x^0
  let square = one >> 8n; // x^8
  for (let rest = BigInt(secondLength); rest > 0n; rest >>= 1n) {
    if (rest & 1n) power = multiply(power, square);
    square = multiply(square, square);
  }
  const number = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex')}`);
  const combined = multiply(number(first), power) ^ number(second);
  return Buffer.from(combined.toString(16).padStart(bits / 4, '0'), 'hex');
}
