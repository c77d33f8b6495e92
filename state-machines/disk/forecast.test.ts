import { expect, test } from '@jest/globals';
import { type DiskSample, forecast, remember } from './forecast.ts';

const GiB = 2 ** 30;
/** A sample each ten seconds; `free` in GiB of 100. */
const course = (...free: number[]): DiskSample[] =>
  free.reduce<DiskSample[]>(
    (seen, gib, index) => remember(seen, { at: index * 10_000, size: 100 * GiB, free: gib * GiB }),
    [],
  );
const steady = (from: number, perStep: number, steps: number): number[] =>
  Array.from({ length: steps }, (_, index) => from - index * perStep);

test.each<[string, number[], boolean, object]>([
  ['nothing was seen yet', [50], false, { rule: 'unknown', low: false, rate: undefined }],
  ['less than a minute tells nothing', steady(50, 2, 6), false, { rule: 'unknown', low: false }],
  ['a warning outlasts a restart of the look', [50], true, { rule: 'unknown', low: true }],
  // 0.1 GiB each ten seconds: 50 GiB last 83 minutes.
  ['it fills, but not soon', steady(51.1, 0.1, 12), false, { rule: 'enough', low: false, secondsUntilFull: 5000 }],
  ['it fills within the hour', steady(31.1, 0.1, 12), false, { rule: 'fills-soon', low: true, secondsUntilFull: 3000 }],
  ['a burst that is over', [90, 20, ...steady(20, 0, 10)], false, { rule: 'enough', low: false }],
  ['a burst that has just begun', [...steady(90, 0, 58), 85, 80], false, { rule: 'enough', low: false }],
  ['a warning stays until there is room again', steady(51.1, 0.1, 12), true, { rule: 'still-filling', low: true }],
  ['it fills no more', steady(30, 0, 12), true, { rule: 'enough', low: false, secondsUntilFull: undefined }],
  ['it is emptied', steady(30, -1, 12), true, { rule: 'enough', low: false, secondsUntilFull: undefined }],
  ['nearly full, whatever the rate', [4.9], false, { rule: 'nearly-full', low: true }],
])('%s', (_, free, low, expected) => {
  expect(forecast(course(...free), low)).toMatchObject(expected);
});

test('a volume that was enlarged begins anew; what is older than ten minutes is forgotten', () => {
  const before = course(...steady(31, 0.1, 12));
  const larger = remember(before, { at: 120_000, size: 200 * GiB, free: 130 * GiB });
  expect(forecast(larger, true)).toMatchObject({ rule: 'unknown', free: 130 * GiB });
  const long = course(...steady(90, 0.1, 100));
  expect(long).toHaveLength(61);
});
