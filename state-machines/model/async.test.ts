import { expect, test } from '@jest/globals';
import { asyncMutants, beyondTheSlack, exploreAsync, withinTheSlack } from './async-scenarios.ts';

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

test('clocks may differ as far as rule 3 allows, and no further', () => {
  expect(exploreAsync(withinTheSlack, undefined, 20_000).violation).toBeUndefined();
  expect(exploreAsync(beyondTheSlack).violation?.invariant).toMatch(/two primaries/);
});
