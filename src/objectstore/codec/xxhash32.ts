// XXH32 (xxHash specification): the checksum of LZ4 frames.
const p1 = 0x9e3779b1;
const p2 = 0x85ebca77;
const p3 = 0xc2b2ae3d;
const p4 = 0x27d4eb2f;
const p5 = 0x165667b1;

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));
const round = (lane: number, word: number): number => Math.imul(rotate((lane + Math.imul(word, p2)) | 0, 13), p1);

/** Of chunks one after the other, with seed 0. */
export class XxHash32 {
  #a = (p1 + p2) | 0;
  #b = p2 | 0;
  #c = 0;
  #d = -p1 | 0;
  #total = 0;
  #rest: Buffer = Buffer.alloc(0);

  update(chunk: Buffer): this {
    this.#total += chunk.length;
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    let [a, b, c, d] = [this.#a, this.#b, this.#c, this.#d];
    let at = 0;
    for (; at + 16 <= bytes.length; at += 16) {
      a = round(a, bytes.readInt32LE(at));
      b = round(b, bytes.readInt32LE(at + 4));
      c = round(c, bytes.readInt32LE(at + 8));
      d = round(d, bytes.readInt32LE(at + 12));
    }
    [this.#a, this.#b, this.#c, this.#d] = [a, b, c, d];
    this.#rest = Buffer.from(bytes.subarray(at));
    return this;
  }

  digest(): number {
    let hash =
      this.#total >= 16 ? rotate(this.#a, 1) + rotate(this.#b, 7) + rotate(this.#c, 12) + rotate(this.#d, 18) : p5;
    hash = (hash + this.#total) | 0;
    let at = 0;
    for (; at + 4 <= this.#rest.length; at += 4) {
      hash = Math.imul(rotate((hash + Math.imul(this.#rest.readInt32LE(at), p3)) | 0, 17), p4);
    }
    for (; at < this.#rest.length; at += 1) {
      hash = Math.imul(rotate((hash + Math.imul(this.#rest[at] ?? 0, p5)) | 0, 11), p1);
    }
    hash = Math.imul(hash ^ (hash >>> 15), p2);
    hash = Math.imul(hash ^ (hash >>> 13), p3);
    return (hash ^ (hash >>> 16)) >>> 0;
  }
}

export const xxHash32 = (bytes: Buffer): number => new XxHash32().update(bytes).digest();
