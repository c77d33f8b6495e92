import { expect, test } from '@jest/globals';
import { Yielding } from './yielding.ts';

interface Given {
  readonly yielding: Yielding;
  readonly at: (time: number, lease?: string) => boolean;
}

const aYielding = (): Given => {
  let now = 0;
  const yielding = new Yielding(() => now);
  return {
    yielding,
    at: (time, lease = 'a') => {
      now = time;
      return yielding.isOver(lease);
    },
  };
};

test('who is ahead has two seconds from when the lease was seen', () => {
  const { at } = aYielding();
  expect([at(5_000), at(7_000), at(7_001)]).toEqual([false, false, true]);
});

test('after each candidacy in vain he has twice as much, up to sixteen seconds', () => {
  const { at, yielding } = aYielding();
  const given: number[] = [];
  let now = 0;
  for (let stood = 0; stood < 6; stood++) {
    const from = now;
    while (!at(now)) now += 500;
    given.push(Math.floor((now - from) / 1000));
    yielding.stoodInVain();
  }
  expect(given).toEqual([2, 4, 8, 16, 16, 16]);
});

test('another lease is another election', () => {
  const { at, yielding } = aYielding();
  at(0);
  yielding.stoodInVain();
  expect([at(3_000), at(3_000, 'b'), at(5_001, 'b')]).toEqual([false, false, true]);
});
