// Worlds that differ in nothing but which instance has which name are one: nothing in the models asks for a name, so what can happen in
// the one can happen in the other. Instances are put in an order by what they are; where some are alike every order is tried, and the
// smallest text is the world's. What worlds share (most of what they consist of) is written once and then known by number.

/** Instances by their places in another order. */
export interface Renaming {
  readonly number: number;
  /** The instance that comes first, the one that comes second … */
  readonly order: readonly number[];
  /** For each instance the place at which it comes. */
  readonly place: readonly number[];
}

/** What an instance is, whatever it is called, decides the order; the renamings are all that keep to it. */
export class Renamings {
  readonly identity: Renaming;
  readonly #known = new Map<string, Renaming>();
  /** By the ranks of the instances, as digits. */
  readonly #byRanks = new Map<number, readonly Renaming[]>();

  constructor(instances: number) {
    this.identity = this.#to(Array.from({ length: instances }, (_, index) => index));
  }

  by(looks: readonly number[]): readonly Renaming[] {
    let code = 0;
    for (const one of looks) {
      let rank = 0;
      for (const other of looks) if (other < one) rank += 1;
      code = 8 * code + rank;
    }
    let known = this.#byRanks.get(code);
    if (!known) {
      known = arrangements(looks).map((order) => this.#to(order));
      this.#byRanks.set(code, known);
    }
    return known;
  }

  #to(order: readonly number[]): Renaming {
    const name = order.join();
    let known = this.#known.get(name);
    if (!known) {
      const place: number[] = [];
      for (const [at, index] of order.entries()) place[index] = at;
      known = { number: this.#known.size, order, place };
      this.#known.set(name, known);
    }
    return known;
  }
}

/** Every order of the indexes in which no number comes before a smaller one. */
function arrangements(looks: readonly number[], left = looks.map((_, index) => index)): number[][] {
  if (left.length === 0) return [[]];
  const least = Math.min(...left.map((index) => looks[index] ?? 0));
  return left
    .filter((index) => looks[index] === least)
    .flatMap((first) =>
      arrangements(
        looks,
        left.filter((index) => index !== first),
      ).map((rest) => [first, ...rest]),
    );
}

interface Known {
  /** A number for what it looks like, whatever it is called. */
  readonly looks: number;
  /** By the renaming's number. */
  readonly ids: number[];
}

/** Parts of worlds, each kept once: a world is a handful of references, and equal parts have equal numbers. */
export class Parts<T extends object> {
  readonly #identity: Renaming;
  readonly #text: (part: T, to: Renaming) => string;
  readonly #looks: (part: T) => string;
  readonly #firsts = new Map<string, T>();
  readonly #known = new Map<T, Known>();
  readonly #ids = new Map<string, number>();
  readonly #appearances = new Map<string, number>();

  /** `text` tells all of a part, `looks` what of it names nobody. */
  constructor(identity: Renaming, text: (part: T, to: Renaming) => string, looks: (part: T) => string = () => '') {
    this.#identity = identity;
    this.#text = text;
    this.#looks = looks;
  }

  /** The first part that was equal to this one. */
  one(part: T): T {
    if (this.#known.has(part)) return part;
    const text = this.#text(part, this.#identity);
    const first = this.#firsts.get(text);
    if (first) return first;
    this.#firsts.set(text, part);
    const looks = this.#looks(part);
    const { size } = this.#appearances;
    const number = this.#appearances.get(looks) ?? size;
    if (number === size) this.#appearances.set(looks, size);
    this.#known.set(part, { looks: number, ids: [] });
    return part;
  }

  looks(part: T): number {
    return this.#of(part).looks;
  }

  id(part: T, to: Renaming): number {
    const { ids } = this.#of(part);
    let id = ids[to.number];
    if (id === undefined) {
      const text = this.#text(part, to);
      id = this.#ids.get(text);
      if (id === undefined) this.#ids.set(text, (id = this.#ids.size));
      ids[to.number] = id;
    }
    return id;
  }

  #of(part: T): Known {
    const known = this.#known.get(part) ?? this.#known.get(this.one(part));
    if (!known) throw new Error('a part is asked for that is not kept');
    return known;
  }
}
