import { expect, test } from '@jest/globals';
import type { SyncMutant } from './sync-context.ts';
import { exploreSync, syncMutants } from './sync-scenarios.ts';

const mutants = Object.keys(syncMutants) as SyncMutant[];

test.each(mutants)('%s is caught', (mutant) => {
  const { shows, ...scenario } = syncMutants[mutant];
  const { violation } = exploreSync(scenario, mutant);
  expect(violation?.invariant).toMatch(shows);
});

const quick = ['M7', 'M9', 'M12', 'M15', 'M19b', 'M23', 'M24', 'M26'] as const;

test.each(quick)('the shipped protocol holds, completely, where %s does not', (mutant) => {
  const { violation, complete } = exploreSync(syncMutants[mutant]);
  expect(violation).toBeUndefined();
  expect(complete).toBe(true);
});
