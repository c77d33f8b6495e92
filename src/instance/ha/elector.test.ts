// Answers to a claim that are lost: what the API server did with it is found out in other ways, and nothing of it is forgotten.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { answerPrevote } from '../../../state-machines/voter/voter.ts';
import { KubeError } from '../../kube/errors.ts';
import { Chronicle } from './core/chronicle.ts';
import { type HaCore, isPassedOver, leaseState, newMemory } from './core/core.ts';
import { Elector } from './elector.ts';
import { contentOf, type Departure, emptyContent, encodeLease, type LeaseContent } from './core/lease-record.ts';
import { LeaseStore } from './core/lease-store.ts';
import { StateFile } from './core/state-file.ts';
import { Promises } from './core/promises.ts';
import { ClusterServer } from './testing-cluster-server.ts';
import { LeaseServer } from './testing-lease-server.ts';
import { voterFacts } from './voter.ts';

const key = { namespace: 'default', name: 'c' };
const timing = { duration: 15, renewDeadline: 10, retryPeriod: 2 };
const unreachable = (): Promise<never> => Promise.reject(new KubeError(0, { reason: 'NoAnswer' }, 'down'));

let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'howdah-elector-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** A primary of timeline 3 that was stopped, and the lease that it, or a later one, has given back; `now` is its clock. */
async function stopped(name: string, departure?: Departure, standby = false) {
  const directory = path.join(root, name);
  await mkdir(path.join(directory, 'pg_wal'), { recursive: true });
  await writeFile(path.join(directory, 'pg_wal/00000003.history'), '1\t0/3000000\tno recovery target specified\n');
  if (standby) await writeFile(path.join(directory, 'standby.signal'), '');
  const world = { now: 100_000, messages: [] as unknown[] };
  const server = new LeaseServer(key);
  const kube = new ClusterServer({ currentPrimary: 'c-1', instanceNames: ['c-1'] });
  const life = async () => {
    const state = await StateFile.open(directory, 'cluster', 'system');
    await state.update({ promised: 3, ownsLog: true, configurationEpoch: 3, led: undefined });
    const store = new LeaseStore({ kube: server, key, clock: () => world.now, timing: () => timing });
    const log = { info: (_: unknown, message: string) => world.messages.push(message), debug: () => undefined };
    const memory = newMemory();
    const chronicle = await Chronicle.open(directory);
    const core = {
      ...{ clock: () => world.now, memory, state, store, chronicle, promises: new Promises() },
      ...{ wake: () => undefined, archive: () => undefined, life: { current: {}, set: () => undefined } },
      view: () => ({
        ...{ postmaster: { state: standby ? 'up' : 'down' }, facts: { fenced: false }, server: { standby } },
        data: {
          state: 'valid',
          standby,
          control: { checkpointTimeline: 3, minRecoveryTimeline: 3, walSegmentSize: 1 << 24 },
        },
      }),
      session: {
        query: () => Promise.resolve([{ received: null, replayed: '0/4000000', waits: 'RecoveryWalStream' }]),
      },
      context: {
        ...{
          log,
          terminatingSince: () => undefined,
          supervisor: { postgresPid: () => (standby ? process.pid : undefined), heartbeat: () => 0 },
        },
        environment: {
          ...{ podName: 'c-1', podIp: '10.0.0.1', paths: { data: directory } },
          ...{ namespace: 'default', clusterName: 'c' },
        },
        ...{ kube, cluster: { seen: true, current: kube.seen } },
      },
    } as unknown as HaCore;
    return { elector: new Elector(core), core, state, store, memory, chronicle };
  };
  const first = await life();
  const self = { instance: 'c-1', incarnation: first.state.current.incarnation };
  const content: LeaseContent = {
    ...{ ...emptyContent('cluster', 'system'), epoch: departure?.epoch ?? 3 },
    ...{ members: [{ ...self, address: '10.0.0.1' }], ...(departure && { departure }) },
  };
  const released = encodeLease(server.lease ?? {}, content, { nonce: 'n', now: new Date(0), timing });
  await server.replace(undefined, released);
  await first.store.read(1000);
  const held = (): number => world.messages.filter((message) => message === 'This instance holds the lease').length;
  return { world, server, kube, life, held, ...first };
}

const leads = { epoch: 4, led: 4, claiming: false, told: [4, 'claimed'] };
type Life = Awaited<ReturnType<typeof stopped>>;
const outcome = ({ store, state, memory, chronicle }: Pick<Life, 'store' | 'state' | 'memory' | 'chronicle'>) => ({
  ...{ epoch: store.record?.epoch, led: state.current.led, claiming: memory.claiming },
  told: [chronicle.current?.epoch, chronicle.current?.steps.at(-1)?.name],
});

test('a claim that is answered: the lease is held from when it was sent', async () => {
  const { elector, memory, held, ...rest } = await stopped('answered');
  await elector.tick();
  expect(outcome({ memory, ...rest })).toEqual(leads);
  expect(memory.freshUntil).toBe(110_000);
  await elector.tick();
  expect(held()).toBe(1);
});

test('nobody stands before the Cluster says for which epoch (M37)', async () => {
  const { world, elector, kube, state, store } = await stopped('reserved');
  kube.down = true;
  await elector.tick();
  expect([state.current.promised, store.record?.epoch]).toEqual([3, 3]);
  Object.assign(kube, { down: false });
  kube.change({ epoch: 8 });
  world.now += 1000;
  await elector.tick();
  expect([state.current.promised, store.record?.epoch, kube.cluster.status?.epoch]).toEqual([9, 9, 9]);
});

test('where a quorum is asked for, no epoch is taken before the end of the own log is known', async () => {
  const { elector, world, server, store, state, kube } = await stopped('unknown-end');
  const [self] = store.record?.members ?? [];
  if (!self || !store.record) throw new Error('there is no member');
  const set = {
    version: 1,
    epoch: 3,
    owner: self,
    names: [self],
    external: [],
    number: 1,
    method: 'any',
    leading: 0,
  } as const;
  const listed = { ...contentOf(store.record), configurations: [set] };
  await server.replace(undefined, encodeLease(server.lease ?? {}, listed, { nonce: 'n', now: new Date(0), timing }));
  await store.read(1000);
  world.now += 60_000;
  await elector.tick();
  expect(world.messages).toContain('The end of the own log is not known yet');
  expect([state.current.promised, kube.cluster.status?.epoch]).toEqual([3, undefined]);
});

test('the answer is lost, and a watch tells that the claim was done: it counts from when it was sent, and is finished', async () => {
  const { world, server, elector, store, state, memory, chronicle, held } = await stopped('watch');
  Object.assign(server, { lose: true, down: true });
  await elector.tick();
  world.now += 4000;
  await elector.tick();
  expect(outcome({ store, state, memory, chronicle })).toMatchObject({
    epoch: 3,
    claiming: true,
    told: [undefined, undefined],
  });
  expect(state.current).toMatchObject({ promised: 4 });
  store.take(server.lease);
  await elector.tick();
  expect([outcome({ store, state, memory, chronicle }), memory.freshUntil, held()]).toEqual([leads, 110_000, 1]);
});

test('the lease was renewed before it was seen that the claim was done: it stays as fresh as the renewal made it', async () => {
  const { world, server, elector, memory, store } = await stopped('renewed');
  Object.assign(server, { lose: true, down: true });
  await elector.tick();
  store.take(server.lease);
  world.now += 3000;
  Object.assign(memory, { freshUntil: 112_500, lastAttempt: 102_500 });
  await elector.tick();
  expect(memory).toMatchObject({ freshUntil: 112_500, lastAttempt: 102_500, claiming: false });
});

test('the answer is lost, and reading back tells that the claim was done', async () => {
  const { server, elector, memory, store, state, chronicle } = await stopped('read-back');
  Object.assign(server, { lose: true, down: true });
  await elector.tick();
  Object.assign(server, { lose: false, down: false });
  await elector.tick();
  expect(outcome({ store, state, memory, chronicle })).toEqual(leads);
});

/** A claim that is still on its way when its sender has looked for it in vain. */
async function lateClaim(name: string) {
  const stand = await stopped(name);
  const { server, elector } = stand;
  const { replace } = server;
  let sent: object | undefined;
  server.replace = (_type, object) => {
    sent ??= object;
    return unreachable();
  };
  await elector.tick();
  return { ...stand, arrive: () => replace(undefined, sent ?? {}) };
}

test('a claim that was given up arrives after all: it is led, but nothing makes it fresh but a renewal', async () => {
  const { elector, memory, store, state, chronicle, arrive } = await lateClaim('late');
  expect(memory.claiming).toBe(false);
  await arrive();
  await store.read(1000);
  await elector.tick();
  expect(outcome({ store, state, memory, chronicle })).toEqual(leads);
  expect(memory.freshUntil).toBeUndefined();
});

test('a claim that was given up arrives after a hold was granted: the hold is waited for (M29)', async () => {
  const { world, elector, memory, store, state, chronicle, arrive } = await lateClaim('hold');
  memory.holdUntil = world.now + 15_000;
  await arrive();
  await store.read(1000);
  await elector.tick();
  expect(outcome({ store, state, memory, chronicle })).toMatchObject({ epoch: 4, led: undefined });
  world.now += 15_000;
  await elector.tick();
  expect(outcome({ store, state, memory, chronicle })).toEqual(leads);
});

test('the process that claimed has died: the one after it goes on where the lease says that it was', async () => {
  const { server, elector, life } = await stopped('died');
  Object.assign(server, { lose: true, down: true });
  await elector.tick();
  Object.assign(server, { lose: false, down: false });
  const next = await life();
  await next.store.read(1000);
  await next.elector.tick();
  expect(next.state.current).toMatchObject({ promised: 4, led: 4, ownsLog: true });
  expect(next.memory.freshUntil).toBeUndefined();
});

test('what was promised to another meanwhile is not led', async () => {
  const { elector, core, store, state, arrive } = await lateClaim('promised');
  await arrive();
  await state.update({ promised: 9 });
  await store.read(1000);
  await elector.tick();
  expect([leaseState(core), state.current.led]).toEqual(['other', undefined]);
});

test('who gives the lease back does not enter again', async () => {
  const { elector, memory, world, store, state, arrive } = await lateClaim('leaving');
  await arrive();
  memory.handover = { to: undefined, why: 'termination', since: world.now };
  await store.read(1000);
  await elector.tick();
  expect([memory.handover?.why, state.current.led]).toEqual(['termination', undefined]);
});

/** How the primary of epoch 4, who had begun timeline 4, gave its lease back. */
const departed = { epoch: 4, instance: 'c-2', why: 'termination', since: '', stopped: '' } as const;

test('who lacks something of the log that was closed leaves the lease for as long as its holder may come back with it', async () => {
  const { world, elector, store } = await stopped('lacks', { ...departed, timeline: 4, lsn: '0/5000028' }, true);
  await elector.tick();
  world.now += 13_900;
  await elector.tick();
  expect(store.record).toMatchObject({ epoch: 4 });
  world.now += 1100;
  await elector.tick();
  expect(store.record).toMatchObject({ epoch: 5 });
});

test.each([
  ['has everything', { timeline: 3, lsn: '0/4000000' }],
  ['cannot know where the log ended', {}],
])('who %s waits for nobody', async (name, end) => {
  const { elector, store } = await stopped(name, { ...departed, ...end }, true);
  await elector.tick();
  expect(store.record).toMatchObject({ epoch: 5 });
});

test('who has seen a later epoch than the lease says lets nobody be elected by it (rule 8)', async () => {
  const { core, world, state, elector, store } = await stopped('restored');
  world.now += 60_000;
  expect(voterFacts(core).wouldStand).toBe(true);
  await state.update({ configurationEpoch: 5 });
  expect(answerPrevote(voterFacts(core))).toEqual({ granted: false, reason: 'lease-is-alive' });
  await elector.tick();
  expect(store.record).toMatchObject({ epoch: 3 });
});

test('a stopped primary does not stand with its old timeline once another has led: it is to be a standby first (M32)', async () => {
  const { world, core, elector, store } = await stopped('passed-over', departed);
  expect(isPassedOver(core)).toBe(true);
  await elector.tick();
  world.now += 60_000;
  await elector.tick();
  expect(store.record).toMatchObject({ epoch: 4 });
  const back = await stopped('given-back', { ...departed, epoch: 3, instance: 'c-1' });
  expect(isPassedOver(back.core)).toBe(false);
  await back.elector.tick();
  expect(back.store.record).toMatchObject({ epoch: 4 });
});
