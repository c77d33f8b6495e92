export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/** At most `count` are at work; the others wait in the order in which they came. */
export function createTurns(count: number): Turns {
  const waiting: (() => void)[] = [];
  let free = count;
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // Who waits takes the place over: nobody who comes now gets before them.
      if (next) next();
      else free += 1;
    }
  };
}
