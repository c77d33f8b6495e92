/** A process that lived this long died of something new: it starts again at once. */
export const healthyAfter = 10_000;

/** How many times in a row a process has died young, after one more death. */
export const failuresAfter = (failures: number, livedMs: number): number =>
  livedMs >= healthyAfter ? 0 : failures + 1;

/** The pause before the next start: none after a first death, then 0.2 s doubled up to 5 s. */
export const restartDelay = (failures: number): number =>
  failures <= 1 ? 0 : Math.min(5_000, 200 * 2 ** Math.min(failures - 2, 10));
