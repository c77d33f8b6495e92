import { expect, test } from '@jest/globals';
import { Progress } from './progress.ts';

const seen = (received: bigint, written: bigint, replayed = received) => ({ received, replayed, written });

test('F21: one that stays where it is while the primary goes on makes no progress', () => {
  const progress = new Progress(0);
  progress.observe(seen(10n, 10n), 1);
  progress.observe(seen(10n, 30n), 2);
  expect(progress.at).toBe(2);
  progress.observe(seen(10n, 40n), 3);
  progress.observe(seen(10n, 40n), 4);
  expect([progress.at, progress.tries]).toEqual([2, 0]);
});

test('one that has everything, or replays what it has, makes progress; also while replay is paused', () => {
  const progress = new Progress(0);
  progress.observe(seen(10n, 10n, 5n), 1);
  progress.observe(seen(10n, 10n, 5n), 2);
  expect(progress.at).toBe(2);
  progress.observe(seen(10n, 99n, 5n), 3);
  progress.observe(seen(10n, 99n, 6n), 4);
  expect(progress.at).toBe(4);
});

test('a reconnection counts until there is progress', () => {
  const progress = new Progress(0);
  progress.observe(seen(10n, 20n), 1);
  progress.reconnected(5);
  progress.reconnected(9);
  progress.connected(10);
  progress.observe(seen(10n, 20n), 10);
  expect([progress.at, progress.tries]).toEqual([10, 2]);
  progress.observe(seen(12n, 20n), 11);
  expect(progress.tries).toBe(0);
});
