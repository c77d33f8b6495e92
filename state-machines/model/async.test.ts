import { expect, test } from '@jest/globals';
import { type AsyncMutant, asyncSteps } from './async-steps.ts';
import { type AsyncBounds, asyncKey, healthyAsync } from './async-world.ts';
import { explore } from './explore.ts';

const small: AsyncBounds = {
  instances: 2,
  duration: 4,
  renewDeadline: 2,
  stop: 1,
  epochs: 2,
  crashes: 0,
  outages: 0,
  deletions: 0,
};

const run = (bounds: AsyncBounds, mutant?: AsyncMutant) =>
  explore({
    initial: healthyAsync(bounds),
    steps: (world) => asyncSteps(world, { bounds, mutant }),
    violated: (world) => world.wrong || undefined,
    key: asyncKey,
  });

test('no two primaries at one instant and no epoch twice, in all that can happen within small bounds', () => {
  const found = run({ ...small, deletions: 1 });
  expect(found).toMatchObject({ complete: true });
  expect(found.violation).toBeUndefined();
  expect(found.states).toBeGreaterThan(50_000);
});

const caught: [AsyncMutant, Partial<AsyncBounds>, RegExp][] = [
  ['M1', {}, /two primaries/],
  ['M2', {}, /two primaries/],
  ['M4', { deletions: 1 }, /two primaries/],
  ['M5', { deletions: 1 }, /two promotions in epoch/],
  ['M6', {}, /two primaries/],
];

test.each(caught)('%s is caught', (mutant, bounds, invariant) => {
  expect(run({ ...small, ...bounds }, mutant).violation?.invariant).toMatch(invariant);
});
