import { expect, test } from '@jest/globals';
import { parseDuration } from './duration.ts';

test.each([
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['-2s', -2000],
  ['.5s', 500],
  ['100ms', 100],
  ['0', 0],
  ['1', undefined],
  ['', undefined],
  ['1d', undefined],
  ['1h 30m', undefined],
])('%s is %p ms', (text, expected) => {
  expect(parseDuration(text)).toBe(expected);
});
