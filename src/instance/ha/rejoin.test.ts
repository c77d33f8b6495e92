import { expect, test } from '@jest/globals';
import type { LeaseRecord } from '../../../state-machines/protocol/types.ts';
import { type HaCore, newMemory } from './core.ts';
import type { Rebuild } from './rebuild.ts';
import { Rejoin } from './rejoin.ts';

const self = { instance: 'c-1', incarnation: 'one' };
const former = { instance: 'c-3', incarnation: 'three' };
const holder = { instance: 'c-2', incarnation: 'two' };

/** A standby that was stopped since it is not on the history of `diverged`; c-2 holds the lease. */
function stopped(diverged: typeof former, running = false, unfinished?: 'rewind') {
  const record: LeaseRecord = {
    ...{ uid: 'u', version: '1', clusterUid: 'cluster', systemIdentifier: 'system', epoch: 8, holder },
    ...{ configurations: [], members: [self, holder, former].map((member) => ({ ...member, address: '10.0.0.1' })) },
  };
  const memory = { ...newMemory(), diverged };
  let woken = 0;
  const core = {
    ...{ clock: () => 100_000, memory, wake: () => (woken += 1) },
    view: () => ({ postmaster: { state: 'down' }, data: { state: 'valid', standby: true, control: {} } }),
    session: { query: () => Promise.reject(new Error('no server')) },
    life: { current: {}, set: () => undefined },
    state: { current: { ...self, clusterUid: 'cluster', systemIdentifier: 'system', promised: 7, unfinished } },
    peers: { ask: () => Promise.resolve(undefined) },
    store: { record, lastRecord: record, observed: { record, since: 99_000 }, apiAnswers: true },
    context: {
      log: { info: () => undefined, debug: () => undefined },
      environment: { podName: 'c-1', podIp: '10.0.0.1', paths: { data: '/nonexistent' } },
      cluster: { current: { spec: {} } },
      supervisor: { postgresPid: () => undefined },
    },
  } as unknown as HaCore;
  const rejoin = new Rejoin(core, { running } as Rebuild);
  return { rejoin, memory, woken: () => woken };
}

test('the primary changed while the data was made anew from it: the directory is started once more, to be judged by the new one', async () => {
  const { rejoin, memory, woken } = stopped(former);
  await rejoin.facts(false);
  expect([memory.diverged, woken()]).toEqual([undefined, 1]);
});

test('the verdict stays while the primary does, while the copy is under way, and where bytes have changed', async () => {
  for (const { rejoin, memory } of [stopped(holder), stopped(former, true), stopped(former, false, 'rewind')]) {
    const before = memory.diverged;
    await rejoin.facts(false);
    expect(memory.diverged).toBe(before);
  }
});
