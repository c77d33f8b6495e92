import { expect, test } from '@jest/globals';
import { AsyncWorlds } from './async-key.ts';
import { asyncMutants, beyondTheSlack, exploreAsync, withinTheSlack } from './async-scenarios.ts';
import { asyncSteps } from './async-steps.ts';
import { healthyAsync } from './async-world.ts';
import { follow } from './explore.ts';

const mutants = Object.keys(asyncMutants) as (keyof typeof asyncMutants)[];

test.each(mutants)('%s is caught', (mutant) => {
  const { shows, ...scenario } = asyncMutants[mutant];
  expect(exploreAsync(scenario, mutant).violation?.invariant).toMatch(shows);
});

test('no two primaries at one instant and no epoch twice, in all that can happen within small bounds', () => {
  const found = exploreAsync(asyncMutants.M1);
  expect(found.violation).toBeUndefined();
  expect(found).toMatchObject({ complete: true });
});

test('a claim whose answer was lost is gone on with, in all that can happen to one instance', () => {
  expect(exploreAsync(asyncMutants.M31)).toMatchObject({ complete: true });
  expect(exploreAsync(asyncMutants.M31).violation).toBeUndefined();
});

test.each(['M33', 'M34'] as const)('the shipped protocol holds as far where %s does not', (mutant) => {
  expect(exploreAsync(asyncMutants[mutant], undefined, 20_000).violation).toBeUndefined();
});

test('clocks may differ as far as rule 3 allows, and no further', () => {
  expect(exploreAsync(withinTheSlack, undefined, 20_000).violation).toBeUndefined();
  expect(exploreAsync(beyondTheSlack).violation?.invariant).toMatch(/two primaries/);
});

test('worlds that differ in nothing but the names of instances, or in a version that nobody asks for any more, are one', () => {
  const bounds = { ...asyncMutants.M1.bounds, instances: 3 };
  const worlds = new AsyncWorlds(bounds.instances);
  const after = (...names: string[]): string =>
    worlds.key(follow((world) => asyncSteps(world, { bounds, mutant: undefined }), healthyAsync(bounds), names));
  const renewed = ['a renews', 'renew of a is done', 'a hears of its renew'];
  expect(after(...renewed, 'b reads the lease')).toBe(after(...renewed, 'c reads the lease'));
  expect(after(...renewed, 'b reads the lease')).not.toBe(after(...renewed));
  expect(after(...renewed, ...renewed)).toBe(after(...renewed));
});
