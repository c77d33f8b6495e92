import { expect, test } from '@jest/globals';
import { longestOverlap } from './overlap.ts';

const times = (by: string, ...sent: number[]): { by: string; sent: number }[] => sent.map((at) => ({ by, sent: at }));

test('one after the other do not overlap, in whatever order the answers were received', () => {
  expect(longestOverlap([...times('2', 31, 40), ...times('1', 10, 30), ...times('3', 41)])).toBeUndefined();
});

test('an old primary that goes on while a new one has begun is found, with the time that it did', () => {
  expect(longestOverlap([...times('1', 10, 20, 55), ...times('2', 30, 60)])).toEqual({
    milliseconds: 25,
    between: ['1', '2'],
  });
});

test('one answer at the very same instant counts', () => {
  expect(longestOverlap([...times('1', 10, 30), ...times('2', 30)])?.milliseconds).toBe(0);
});

test('of several the longest counts', () => {
  const found = longestOverlap([...times('1', 0, 12), ...times('2', 10, 50), ...times('3', 20, 90)]);
  expect(found).toEqual({ milliseconds: 30, between: ['2', '3'] });
});
