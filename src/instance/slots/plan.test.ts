import { expect, test } from '@jest/globals';
import type { Cluster } from '../../api/generated/cluster.ts';
import { slotWishes } from '../cluster/slot-wishes.ts';
import { planPrimary, planStandby, type Slot } from './plan.ts';

const aSlot = (name: string, over: Partial<Slot> = {}): Slot => ({
  ...{ name, type: 'physical', active: false, lsn: '0/3000000', lost: false, holdsRows: false, synced: false },
  ...{ failover: false, ...over },
});
const wishes = (over: object = {}, instanceNames = ['c-1', 'c-2', 'c-3']) =>
  slotWishes({ spec: { replicationSlots: over }, status: { instanceNames } } as unknown as Cluster, 'c-1');
const nothing = { create: [], renew: [], orphans: [], drop: [] };

test('the primary has a slot for each other instance; one that lost its WAL is made anew', () => {
  expect(planPrimary([aSlot('users')], wishes())).toEqual({ ...nothing, create: ['_cnpg_c_2', '_cnpg_c_3'] });
  const present = [aSlot('_cnpg_c_2', { lost: true }), aSlot('_cnpg_c_3', { active: true })];
  expect(planPrimary(present, wishes())).toEqual({ ...nothing, renew: ['_cnpg_c_2'] });
});

test('the primary drops its own slot at once, those of unknown instances later, and all where slots are switched off', () => {
  const present = [aSlot('_cnpg_c_1'), aSlot('_cnpg_c_2'), aSlot('_cnpg_c_3'), aSlot('_cnpg_c_9'), aSlot('users')];
  expect(planPrimary(present, wishes())).toMatchObject({ drop: ['_cnpg_c_1'], orphans: ['_cnpg_c_1', '_cnpg_c_9'] });
  expect(planPrimary(present, wishes({}, [])).orphans).toEqual([]);
  expect(planPrimary(present, wishes({}, ['c-1'])).orphans).toHaveLength(4);
  const off = wishes({ highAvailability: { enabled: false } });
  expect(planPrimary(present, off)).toEqual({
    ...nothing,
    drop: ['_cnpg_c_1', '_cnpg_c_2', '_cnpg_c_3', '_cnpg_c_9'],
  });
});

test("a standby copies the instances' slots and the users', but not those of excluded names, nor its own", () => {
  const upstream = [
    aSlot('_cnpg_c_1'),
    aSlot('_cnpg_c_2'),
    aSlot('audit'),
    aSlot('tmp_x'),
    aSlot('l', { type: 'logical' }),
  ];
  const plan = planStandby(
    upstream,
    [],
    wishes({ synchronizeReplicas: { enabled: true, excludePatterns: ['^tmp_'] } }),
    17,
  );
  expect(plan.create).toEqual(['_cnpg_c_2', 'audit']);
  expect(plan.advance.map(({ name }) => name)).toEqual(['_cnpg_c_2', 'audit']);
  const without = wishes({ synchronizeReplicas: { enabled: false } });
  expect(planStandby(upstream, [aSlot('mine')], without, 17)).toMatchObject({ create: ['_cnpg_c_2'], drop: [] });
});

test('copies that are gone upstream, lost, or hold rows are dropped; those in use are not', () => {
  const upstream = [aSlot('a'), aSlot('b'), aSlot('gone', { lost: true })];
  const present = [
    aSlot('a', { holdsRows: true }),
    aSlot('b', { lost: true }),
    aSlot('c'),
    aSlot('d', { active: true }),
  ];
  const plan = planStandby(upstream, [...present, aSlot('gone')], wishes(), 17);
  expect(plan.drop).toEqual(['a', 'b', 'c', 'gone']);
  expect(plan.advance).toEqual([]);
});

test("logical slots of a former primary are dropped where they stand in the way; PostgreSQL's own copies stay", () => {
  const logical = (name: string, over: Partial<Slot> = {}): Slot => aSlot(name, { type: 'logical', ...over });
  const upstream = [logical('cdc', { failover: true }), logical('plain')];
  const present = [
    logical('cdc', { failover: true, synced: true }),
    logical('old', { failover: true }),
    logical('plain'),
  ];
  expect(planStandby(upstream, [...present, logical('local')], wishes(), 17).drop).toEqual(['old', 'plain']);
  expect(planStandby([], [logical('local')], wishes(), 15).drop).toEqual(['local']);
});
