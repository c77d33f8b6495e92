/** What all of these resolve to, or those that have come when they are enough: the rest is not waited for any longer. */
export function gather<T>(asked: readonly Promise<T>[], enough: (come: readonly T[]) => boolean): Promise<T[]> {
  return new Promise((resolve, reject) => {
    const come: T[] = [];
    const look = (): void => {
      if (come.length === asked.length || enough(come)) resolve([...come]);
    };
    look();
    for (const one of asked) {
      one.then((answer) => {
        come.push(answer);
        look();
      }, reject);
    }
  });
}
