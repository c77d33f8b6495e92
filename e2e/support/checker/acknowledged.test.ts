import { expect, test } from '@jest/globals';
import { compareInserted } from './acknowledged.ts';

const sent = { acknowledged: new Set([1, 2, 3]), inDoubt: new Set([4, 5]) };

test('what was acknowledged is there once; what is in doubt may be', () => {
  expect(compareInserted(sent, [3, 1, 2, 5])).toEqual({ lost: [], twice: [], unknown: [] });
});

test('a lost, a doubled and an unknown row are found', () => {
  expect(compareInserted(sent, [1, 3, 3, 9])).toEqual({ lost: [2], twice: [3], unknown: [9] });
});
