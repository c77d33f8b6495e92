// A primary's pod that is deleted: when its process may end.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type HaCore, leaseState, newMemory } from './core/core.ts';
import { emptyContent, encodeLease } from './core/lease-record.ts';
import { LeaseStore } from './core/lease-store.ts';
import { StateFile } from './core/state-file.ts';
import { Planned } from './planned.ts';
import { LeaseServer } from './testing-lease-server.ts';

const key = { namespace: 'default', name: 'c' };
const timing = { duration: 15, renewDeadline: 10, retryPeriod: 2 };
const other = { instance: 'c-2', incarnation: 'two', address: '10.0.0.2' };

let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'howdah-planned-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** The primary of epoch 4, told to end; c-2 could go on. `now` is its clock, `postmaster` what is seen of its server. */
async function ending() {
  const world = { now: 100_000, postmaster: 'up' };
  const server = new LeaseServer(key);
  const state = await StateFile.open(root, 'cluster', 'system');
  const store = new LeaseStore({ kube: server, key, clock: () => world.now, timing: () => timing });
  const self = { instance: 'c-1', incarnation: state.current.incarnation };
  const members = [{ ...self, address: '10.0.0.1' }, other];
  const content = { ...emptyContent('cluster', 'system'), epoch: 4, holder: self, members };
  await server.replace(undefined, encodeLease(server.lease ?? {}, content, { nonce: 'n', now: new Date(0), timing }));
  await store.read(1000);
  const memory = { ...newMemory(), streaming: new Set(['c-2']) };
  const log = { info: () => undefined, warn: () => undefined };
  const core = {
    ...{ clock: () => world.now, memory, state, store, wake: () => undefined },
    view: () => ({ postmaster: { state: world.postmaster }, server: { standby: false } }),
    peers: {
      askAll: (_: string, asked: readonly unknown[]) =>
        Promise.resolve(asked.map((member) => ({ member, answer: { stands: true } }))),
    },
    context: {
      ...{ log, terminatingSince: () => 1, cluster: { current: undefined } },
      environment: { namespace: 'default', clusterName: 'c', podName: 'c-1', podIp: '10.0.0.1', paths: { data: root } },
      supervisor: { postgresPid: () => (world.postmaster === 'up' ? process.pid : undefined) },
      kube: { get: () => Promise.resolve({ metadata: { deletionGracePeriodSeconds: 1 } }) },
    },
  } as unknown as HaCore;
  return { world, core, store, server, content, planned: new Planned(core) };
}

test('it refuses connections until nobody is led to it any more, whoever has claimed the lease by then', async () => {
  const { world, core, store, server, content, planned } = await ending();
  expect(await planned.farewell()).toEqual({ successor: true, heir: true, grace: 1 });
  await planned.tick();
  expect([leaseState(core), planned.releasing]).toEqual(['mine', true]);
  world.postmaster = 'down';
  await planned.tick();
  expect([leaseState(core), planned.releasing]).toEqual(['released', true]);
  const claimed = { ...content, epoch: 5, holder: other };
  await server.replace(undefined, encodeLease(server.lease ?? {}, claimed, { nonce: 'm', now: new Date(1), timing }));
  await store.read(1000);
  world.now += 1400;
  await planned.tick();
  expect([leaseState(core), planned.releasing]).toEqual(['other', true]);
  world.now += 200;
  expect(planned.releasing).toBe(false);
});
