import { expect, test } from '@jest/globals';
import { explore } from './explore.ts';
import { type SyncMutant, syncSteps } from './sync-steps.ts';
import { type Bounds, healthyCluster, worldKey } from './sync-world.ts';

const small: Bounds = { instances: 3, number: 1, commits: 1, epochs: 3, crashes: 1, losses: 0, changes: 0, stops: 0 };

const run = (bounds: Bounds, mutant?: SyncMutant) =>
  explore({
    initial: healthyCluster(bounds),
    steps: (world) => syncSteps(world, { bounds, mutant }),
    violated: (world) => world.wrong || undefined,
    key: worldKey,
  });

test('no acknowledged commit is lost, and no timeline exists twice, in all that can happen within small bounds', () => {
  const found = run({ ...small, crashes: 0 });
  expect(found).toMatchObject({ complete: true });
  expect(found.violation).toBeUndefined();
  expect(found.states).toBeGreaterThan(10_000);
});

const caught: [SyncMutant, Partial<Bounds>][] = [
  ['M8', {}],
  ['M9', {}],
  ['M10', {}],
  ['M13', {}],
  ['M17', { crashes: 0 }],
  ['M19', { crashes: 0, stops: 1 }],
];

test.each(caught)('%s loses a commit', (mutant, bounds) => {
  expect(run({ ...small, ...bounds }, mutant).violation?.invariant).toMatch(/is lost|does not have it/);
});
