import { expect, test } from '@jest/globals';
import { createTurns } from './turns.ts';

test('no more than so many are at work, in the order in which they came, and a failure makes room like a success', async () => {
  const turns = createTurns(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  let atWork = 0;
  let most = 0;
  const one = (number: number) =>
    turns(async () => {
      begun.push(number);
      most = Math.max(most, (atWork += 1));
      await new Promise<void>((resolve) => (ends[number] = resolve));
      atWork -= 1;
      if (number === 0) throw new Error('the first one fails');
      return number;
    });
  const all = [0, 1, 2, 3].map(one);
  const failed = expect(all[0]).rejects.toThrow('the first one fails');
  expect(begun).toEqual([0, 1]);
  ends[0]?.();
  await failed;
  expect(begun).toEqual([0, 1, 2]);
  ends[2]?.();
  expect(await all[2]).toBe(2);
  expect(begun).toEqual([0, 1, 2, 3]);
  ends[1]?.();
  ends[3]?.();
  expect(await Promise.all(all.slice(1))).toEqual([1, 2, 3]);
  expect(most).toBe(2);
});
