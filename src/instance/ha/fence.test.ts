import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import type { LeaseRecord } from '../../../state-machines/protocol/types.ts';
import type { HaCore } from './core/core.ts';
import { newMemory } from './core/core.ts';
import { Fence } from './fence.ts';
import type { LeaseContent } from './core/lease-record.ts';
import type { WriteOutcome } from './core/lease-store.ts';

const self = { instance: 'c-1', incarnation: 'one' };
const other = { instance: 'c-2', incarnation: 'two', address: '10.0.0.2' };

/** A primary on a machine whose clock, lease and API server the test moves. This process stands for its postmaster. */
function primary() {
  const world = {
    now: 100_000,
    good: true,
    api: 'up' as 'up' | 'down',
    outcome: 'done' as WriteOutcome,
    holds: [true],
    writes: [] as LeaseContent[],
    heartbeats: [] as (number | undefined)[],
    standby: false,
    postmaster: process.pid,
  };
  const record: LeaseRecord = {
    ...{ uid: 'u', version: '1', clusterUid: 'cluster', systemIdentifier: 'system', epoch: 3, holder: self },
    ...{ configurations: [], members: [{ ...self, address: '10.0.0.1' }, other] },
  };
  const memory = newMemory();
  const log = { error: () => undefined, debug: () => undefined, info: () => undefined };
  const core = {
    clock: () => world.now,
    memory,
    wake: () => undefined,
    view: () => ({ postmaster: { state: 'up', pid: undefined }, facts: { fenced: false } }),
    fitness: { within: () => world.good },
    life: { current: {}, set: () => undefined },
    state: {
      current: { ...self, clusterUid: 'cluster', systemIdentifier: 'system', promised: 3, led: 3, ownsLog: true },
      update: () => Promise.resolve(),
    },
    peers: { askAll: () => Promise.resolve(world.holds.map((granted) => ({ member: other, answer: { granted } }))) },
    store: {
      record,
      lastRecord: record,
      observed: { record },
      get apiAnswers() {
        return world.api === 'up';
      },
      read: () => (world.api === 'up' ? Promise.resolve() : Promise.reject(new Error('down'))),
      write: (content: LeaseContent) => {
        world.writes.push(content);
        return Promise.resolve(world.outcome);
      },
    },
    context: {
      log,
      environment: { podName: 'c-1', podIp: '10.0.0.1', paths: { data: '/nonexistent' } },
      cluster: { current: { spec: {}, status: { instanceNames: ['c-1', 'c-2', 'c-3'] } } },
      terminatingSince: () => undefined,
      supervisor: {
        postgresPid: () => world.postmaster,
        heartbeat: (until?: number) => world.heartbeats.push(until),
      },
    },
  } as unknown as HaCore;
  const fence = new Fence(core);
  const turn = async (ms = 0): Promise<void> => {
    world.now += ms;
    fence.tick();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { world, memory, fence, turn };
}

test('a renewal counts from its start, and the watchdog gets a second more than the fence (rules 1, 2)', async () => {
  const { world, memory, turn } = primary();
  await turn();
  expect(memory.freshUntil).toBe(110_000);
  expect(world.heartbeats).toEqual([11_100]);
  await turn(1000);
  expect(world.writes).toHaveLength(1);
  await turn(1000);
  expect([world.writes.length, memory.freshUntil]).toEqual([2, 112_000]);
});

test.each<WriteOutcome>(['refused', 'unknown'])('a renewal that was %s gives no time', async (outcome) => {
  const { world, memory, turn } = primary();
  await turn();
  world.outcome = outcome;
  await turn(2000);
  expect(memory.freshUntil).toBe(110_000);
});

test('a primary whose disk or server does not answer stops renewing after its time for a restart', async () => {
  const { world, turn } = primary();
  await turn();
  world.good = false;
  for (let second = 0; second < 8; second++) await turn(1000);
  const before = world.writes.length;
  for (let second = 0; second < 4; second++) await turn(1000);
  expect(world.writes.length - before).toBeLessThanOrEqual(1);
});

test('once PostgreSQL is ended the watchdog has no deadline for it: the manager goes on to hand over (F18)', async () => {
  const { world, turn } = primary();
  await turn();
  const sleeper = spawn('sleep', ['600'], { stdio: 'ignore' });
  world.postmaster = sleeper.pid ?? 0;
  world.outcome = 'unknown';
  const ended = once(sleeper, 'exit');
  await turn(11_000);
  await ended;
  await turn(100);
  expect(world.heartbeats).toEqual([11_100, undefined]);
});

test.each([
  [[true], 112_000],
  [[true, false], 110_000],
])('without the API server the round of holds %j leaves it until %d', async (holds, until) => {
  const { world, memory, turn } = primary();
  await turn();
  Object.assign(world, { api: 'down', holds });
  await turn(2000);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(memory.freshUntil).toBe(until);
});

test('who asked to be a member is one from the next renewal on, and who is no instance any more is none', async () => {
  const { world, memory, turn } = primary();
  memory.joining.set('c-3', { instance: 'c-3', incarnation: 'three', address: '10.0.0.3' });
  memory.joining.set('c-9', { instance: 'c-9', incarnation: 'nine', address: '10.0.0.9' });
  await turn();
  expect(world.writes[0]?.members.map(({ instance }) => instance)).toEqual(['c-1', 'c-2', 'c-3']);
  expect(memory.joining.size).toBe(0);
});
