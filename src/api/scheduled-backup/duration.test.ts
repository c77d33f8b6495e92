import { expect, test } from '@jest/globals';
import { parseDuration } from './duration.ts';

test.each([
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['-2s', -2000],
  ['.5s', 500],
  ['100ms', 100],
  ['.25s', 250],
  ['1.25h', 4_500_000],
  ['2.h', 7_200_000],
  ['+10m', 600_000],
  ['3000000ns', 3],
  ['3000us', 3],
  ['3000µs', 3],
  ['0', 0],
  ['1', undefined],
  ['', undefined],
  ['1d', undefined],
  ['1h 30m', undefined],
  ['x1h', undefined],
  ['1hx', undefined],
  ['.s', undefined],
])('%s is %p ms', (text, expected) => {
  expect(parseDuration(text)).toBe(expected);
});
