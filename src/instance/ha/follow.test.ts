import { expect, test } from '@jest/globals';
import { type HaCore, newMemory } from './core/core.ts';
import { Follower } from './follow.ts';
import type { Rebuild } from './rebuild.ts';

const self = { instance: 'c-1', incarnation: 'one', address: '10.0.0.1' };
const primary = { instance: 'c-2', incarnation: 'two', address: '10.0.0.2' };
const third = { instance: 'c-3', incarnation: 'three', address: '10.0.0.3' };

/** A standby that has followed c-2 at 10.0.0.2 in epoch 8, and the lease as it is by now. */
function follower(record: object) {
  const { address: ip, ...member } = primary;
  const follow = { ...member, ip, postmaster: process.pid, epoch: 8 };
  const core = {
    ...{ clock: () => 0, memory: newMemory(), life: { current: { follow }, set: () => undefined } },
    state: { current: { promised: 8 } },
    store: { record: { epoch: 8, holder: primary, members: [self, primary, third], configurations: [], ...record } },
    context: {
      environment: { podName: 'c-1' },
      cluster: { current: undefined },
      supervisor: { postgresPid: () => process.pid },
    },
  } as unknown as HaCore;
  return new Follower(core, {} as Rebuild);
}

test.each([
  ['as it was', {}, '10.0.0.2'],
  ['given back: what he has still to send is wanted', { holder: undefined }, '10.0.0.2'],
  ['of another', { holder: third }, undefined],
  ['of the same in a pod that is another', { members: [self, { ...primary, address: '10.0.0.9' }] }, undefined],
])('the lease is %s: whom primary_conninfo names', (_, record, expected) => {
  expect(follower(record).primary?.ip).toBe(expected);
});
