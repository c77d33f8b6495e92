// The states that were seen, as 64-bit hashes of their keys: a dozen bytes a state, whatever its size. Among ten million states two
// share a hash with a chance of 1 in 300,000; then one of them would not be explored.

/** An array of 32-bit numbers that grows. */
export class Numbers {
  private items = new Uint32Array(1 << 14);
  length = 0;

  push(value: number): void {
    if (this.length === this.items.length) {
      const grown = new Uint32Array(2 * this.items.length);
      grown.set(this.items);
      this.items = grown;
    }
    this.items[this.length] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.items[index] ?? 0;
  }
}

/** A local name: in jest's contexts every look at a global is slow. */
const { imul } = Math;

/** Two independent 32-bit hashes of a text. */
export function hash(text: string): readonly [number, number] {
  let low = 0x9e3779b9;
  let high = 0x85ebca6b;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    low = imul(low ^ code, 2654435761);
    high = imul(high ^ code, 1597334677);
    low ^= low >>> 15;
    high ^= high >>> 13;
  }
  low = imul(low ^ (low >>> 16), 2246822507) ^ imul(high ^ (high >>> 13), 3266489909);
  high = imul(high ^ (high >>> 16), 2246822507) ^ imul(low ^ (low >>> 13), 3266489909);
  return [low >>> 0, high >>> 0];
}

/** States by number, in the order in which they were met, each with the one that it was reached from. */
export class Seen {
  private table = new Int32Array(1 << 16).fill(-1);
  private readonly lows = new Numbers();
  private readonly highs = new Numbers();
  private readonly origins = new Numbers();

  get size(): number {
    return this.lows.length;
  }

  /** The number of the state with this key; a new one is entered, and its number is then the size before. */
  enter(key: string, from: number): number {
    const [low, high] = hash(key);
    const slot = this.slotOf(low, high);
    const known = this.table[slot] ?? -1;
    if (known >= 0) return known;
    const index = this.size;
    this.table[slot] = index;
    this.lows.push(low);
    this.highs.push(high);
    this.origins.push(from);
    if (2 * this.size > this.table.length) this.grow();
    return index;
  }

  isAt(index: number, key: string): boolean {
    const [low, high] = hash(key);
    return this.lows.at(index) === low && this.highs.at(index) === high;
  }

  /** The states on the way from the first to this one, itself included, the first left out. */
  path(index: number): number[] {
    const path: number[] = [];
    for (let at = index; at > 0; at = this.origins.at(at)) path.unshift(at);
    return path;
  }

  private slotOf(low: number, high: number): number {
    const mask = this.table.length - 1;
    let slot = (low ^ (high >>> 7)) & mask;
    for (;;) {
      const index = this.table[slot] ?? -1;
      if (index < 0 || (this.lows.at(index) === low && this.highs.at(index) === high)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  private grow(): void {
    this.table = new Int32Array(2 * this.table.length).fill(-1);
    for (let index = 0; index < this.size; index += 1) {
      this.table[this.slotOf(this.lows.at(index), this.highs.at(index))] = index;
    }
  }
}
