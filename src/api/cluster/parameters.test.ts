import { expect, test } from '@jest/globals';
import { parseBooleanSetting, parseMemorySetting } from './parameters.ts';

test.each([
  ['on', true],
  ['ON', true],
  ['t', true],
  ['yes', true],
  ['1', true],
  ['off', false],
  ['of', false],
  ['n', false],
  ['0', false],
  ['o', undefined],
  ['', undefined],
  ['2', undefined],
  ['once', undefined],
])('the boolean %p is %p', (text, expected) => {
  expect(parseBooleanSetting(text)).toBe(expected);
});

test.each([
  ['128MB', 1, 128 * 2 ** 20],
  ['1 GB', 1, 2 ** 30],
  ['1.5GB', 1, 1.5 * 2 ** 30],
  ['16', 8192, 131_072],
  ['16kb', 1, undefined],
  ['1Gi', 1, undefined],
])('the size %p in units of %p is %p', (text, unit, expected) => {
  expect(parseMemorySetting(text, unit)).toBe(expected);
});
