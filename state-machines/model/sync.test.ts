import { expect, test } from '@jest/globals';
import type { SyncMutant } from './sync-context.ts';
import { follow } from './explore.ts';
import { SyncWorlds } from './sync-key.ts';
import { exploreSync, syncMutants } from './sync-scenarios.ts';
import { syncSteps } from './sync-steps.ts';
import { healthyCluster } from './sync-world.ts';

const mutants = Object.keys(syncMutants) as SyncMutant[];

test.each(mutants)('%s is caught', (mutant) => {
  const { shows, ...scenario } = syncMutants[mutant];
  const { violation } = exploreSync(scenario, mutant);
  expect(violation?.invariant).toMatch(shows);
});

const quick = ['M7', 'M9', 'M12', 'M15', 'M19b', 'M23', 'M24', 'M26', 'M31'] as const;

test.each(quick)('the shipped protocol holds, completely, where %s does not', (mutant) => {
  const { violation, complete } = exploreSync(syncMutants[mutant]);
  expect(violation).toBeUndefined();
  expect(complete).toBe(true);
});

test('answers that are late or lost show nothing that answers at once do not', () => {
  const { bounds } = syncMutants.M9;
  const [atOnce, late] = [exploreSync({ bounds }), exploreSync({ bounds: { ...bounds, late: true } })];
  expect(late).toMatchObject({ complete: true });
  expect(late.violation).toBeUndefined();
  expect(late.states).toBeGreaterThan(atOnce.states);
  expect(exploreSync({ bounds: { ...bounds, late: true } }, 'M9').violation?.invariant).toMatch(syncMutants.M9.shows);
});

test('worlds that differ in nothing but the names of instances are one', () => {
  const { bounds } = syncMutants.M8;
  const worlds = new SyncWorlds(bounds.instances);
  const after = (...names: string[]): string =>
    worlds.key(follow((world) => syncSteps(world, { bounds }), healthyCluster(bounds), names));
  const standing = ['a crashes', 'b stands for 2', 'c promises 2 to b'];
  const swapped = standing.map((step) => step.replace(/\b[bc]\b/g, (name) => (name === 'b' ? 'c' : 'b')));
  expect(after(...swapped)).toBe(after(...standing));
  expect(after('b crashes')).toBe(after('c crashes'));
  expect(after('b crashes')).not.toBe(after('a crashes'));
});
