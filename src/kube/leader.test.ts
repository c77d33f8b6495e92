import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startApiServer, type TestServer } from '../local/apiserver/testing/server.ts';
import { createKubeClient } from './client.ts';
import { runAsLeader } from './leader.ts';
import type { Lease } from './objects.ts';
import type { KubeApi } from './port.ts';
import { resource } from './resource-types.ts';

let server: TestServer;
let api: KubeApi & AsyncDisposable;
beforeAll(async () => {
  server = await startApiServer();
  api = createKubeClient(server.adminConnection);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await server.close();
});

type Get = (type: typeof resource.leases, key: { namespace: string; name: string }) => Promise<Lease | undefined>;
type Replace = (type: typeof resource.leases, lease: Lease) => Promise<Lease>;

const until = async (what: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 1_500 && !what(); turn++) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(what()).toBe(true);
};

/** The same API with another way to do one thing. */
const but = (how: { get?: Get; replace?: Replace }): KubeApi =>
  new Proxy(api, {
    get: (target, name: keyof KubeApi) => (how as Partial<KubeApi>)[name] ?? target[name].bind(target),
  });

/** Times that no slow machine reaches; the clock goes on where a test says so. */
const times = { leaseDurationMs: 600_000, renewDeadlineMs: 500_000, retryPeriodMs: 10 };
const clock = { now: 0 };
const log: string[] = [];

/** A process that wants to lead. `down`: it waits in vain for each answer, ten seconds by the clock. */
function candidate(identity: string, lease: { namespace: string; name: string }, own: Partial<typeof times> = {}) {
  const state = { down: false, refused: 0, asked: 0, renewed: 0 };
  const its = but({
    get: async (type, key) => {
      if (!state.down) {
        const found = await api.get<Lease>(type, key);
        state.asked += 1;
        return found;
      }
      state.refused += 1;
      clock.now += 10_000;
      throw new Error('no answer in time');
    },
    replace: async (type, object) => {
      const done = await api.replace<Lease>(type, object);
      clock.now += 100_000;
      state.renewed += 1;
      return done;
    },
  });
  const stop = new AbortController();
  const lead = async (signal: AbortSignal): Promise<void> => {
    log.push(`${identity} leads`);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    log.push(`${identity} stops`);
  };
  const led = runAsLeader(its, { lease, identity, ...times, ...own, clock: () => clock.now }, lead, stop.signal);
  return { state, stop, led };
}

test('one leads, the next one follows when the lease is given back, and after its time when it is not', async () => {
  const lease = { namespace: 'default', name: 'handed-on' };
  log.length = 0;
  const a = candidate('a', lease);
  await until(() => log.length === 1);
  const b = candidate('b', lease);
  await until(() => a.state.renewed > 10 && b.state.asked > 10);
  expect(log).toEqual(['a leads']);
  a.stop.abort();
  expect(await a.led).toBe('stopped');
  await until(() => log.length === 3);
  expect(log).toEqual(['a leads', 'a stops', 'b leads']);
  b.state.down = true;
  await until(() => b.state.refused > 0);
  const c = candidate('c', lease);
  await until(() => c.state.asked > 1);
  expect(await b.led).toBe('lost');
  expect(log).toEqual(['a leads', 'a stops', 'b leads', 'b stops']);
  clock.now += times.leaseDurationMs;
  await until(() => log.at(-1) === 'c leads');
  c.stop.abort();
  expect(await c.led).toBe('stopped');
});

test('without a deadline it leads on, however long nothing answers, until another has the lease', async () => {
  const lease = { namespace: 'default', name: 'without-a-deadline' };
  log.length = 0;
  const { state, led } = candidate('a', lease, { renewDeadlineMs: Infinity });
  await until(() => state.renewed > 1);
  state.down = true;
  await until(() => state.refused > 0);
  clock.now += 10 * times.leaseDurationMs;
  const { refused, renewed } = state;
  await until(() => state.refused > refused + 2);
  state.down = false;
  await until(() => state.renewed > renewed + 1);
  expect(log).toEqual(['a leads']);
  await api.patch(resource.leases, lease, { spec: { holderIdentity: 'b', leaseDurationSeconds: 36_000 } });
  expect(await led).toBe('lost');
});

test('a renewal that was given up and carried out all the same does not cost the leadership', async () => {
  const stop = new AbortController();
  let renewed = 0;
  let conflicts = 0;
  const twice = but({
    replace: async (type, object) => {
      const done = await api.replace<Lease>(type, object);
      renewed += 1;
      if (renewed % 2 === 1) return done;
      conflicts += 1;
      return api.replace<Lease>(type, object);
    },
  });
  const led = runAsLeader(
    twice,
    { lease: { namespace: 'default', name: 'in-flight' }, identity: 'a', ...times },
    (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
    stop.signal,
  );
  await until(() => conflicts > 2);
  stop.abort();
  expect(await led).toBe('stopped');
});
