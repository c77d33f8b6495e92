import { expect, test } from '@jest/globals';
import { parseQuantity } from './quantity.ts';

test.each([
  ['1Gi', 2 ** 30],
  ['1G', 1e9],
  ['500m', 0.5],
  ['0.5', 0.5],
  ['.5Ki', 512],
  ['1e3', 1000],
  ['12E-1', 1.2],
  ['5E3', 5000],
  ['-1', -1],
  ['5E', 5e18],
  [1, 1],
  ['10 Gi', undefined],
  ['10GB', undefined],
  ['', undefined],
  ['Gi', undefined],
])('%p is %p', (quantity, expected) => {
  expect(parseQuantity(quantity)).toBe(expected);
});
