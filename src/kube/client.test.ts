import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { testKeys, type TestKeys } from '../local/apiserver/testing/server.ts';
import { startApiServer, type TestServer } from '../local/apiserver/testing/server.ts';
import { applyIfChanged, covers } from './apply.ts';
import { createKubeClient } from './client.ts';
import type { KubeError } from './errors.ts';
import { alreadyExists, isConflict } from './errors.ts';
import { createEventRecorder } from './events.ts';
import type { ConfigMap, CoreEvent } from './objects.ts';
import type { KubeApi } from './port.ts';
import { Reflector } from './reflector.ts';
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

const aMap = (name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', labels },
  data,
});
const key = (name: string) => ({ namespace: 'default', name });
const soon = async (what: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 200 && !what(); turn++) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(what()).toBe(true);
};

test('errors are told apart: not there, there already, changed meanwhile', async () => {
  expect(await api.get(resource.configMaps, key('none'))).toBeUndefined();
  expect(await api.delete(resource.configMaps, key('none'))).toBe(false);
  const made = await api.create(resource.configMaps, aMap('errors'));
  const again = await api.create(resource.configMaps, aMap('errors')).catch((error: unknown) => error);
  expect([alreadyExists(again), isConflict(again)]).toEqual([true, false]);
  await api.patch(resource.configMaps, key('errors'), { data: { a: '1' } });
  const late = await api.replace(resource.configMaps, made).catch((error: unknown) => error);
  expect([alreadyExists(late), isConflict(late)]).toEqual([false, true]);
});

test('an apply that would change nothing is not sent', async () => {
  const request = { object: aMap('applied', { a: '1' }), fieldManager: 'test' };
  const first = await applyIfChanged(api, resource.configMaps, { ...request, existing: undefined });
  expect(first.outcome).toBe('created');
  const second = await applyIfChanged(api, resource.configMaps, { ...request, existing: first.object });
  expect(second.outcome).toBe('unchanged');
  const object = aMap('applied', { a: '2' });
  expect((await applyIfChanged(api, resource.configMaps, { ...request, object, existing: first.object })).outcome).toBe(
    'updated',
  );
});

test.each([
  [{ a: 1, b: 2 }, { a: 1 }, true],
  [{ a: [1, 2] }, { a: [1] }, false],
  [{ a: [{ b: 1, c: 2 }] }, { a: [{ b: 1 }] }, true],
  [{}, { a: {} }, true],
  [{}, { a: { b: 1 } }, false],
])('%j covers %j: %s', (actual, wanted, expected) => {
  expect(covers(actual, wanted)).toBe(expected);
});

test('a reflector lists in pages, follows, and hears of what went while it was away', async () => {
  for (const name of ['r1', 'r2', 'r3']) await api.create(resource.configMaps, aMap(name, {}, { test: 'reflector' }));
  const changes: string[] = [];
  const options = {
    namespace: 'default',
    labelSelector: 'test=reflector',
    pageSize: 2,
    indices: { size: (map: ConfigMap) => [String(Object.keys(map.data ?? {}).length)] },
  };
  const reflector = new Reflector<ConfigMap>(api, resource.configMaps, options);
  reflector.on('change', ({ type, object }) => changes.push(`${type} ${object.metadata?.name ?? ''}`));
  const first = new AbortController();
  const following = reflector.run(first.signal);
  await reflector.whenSynced(AbortSignal.timeout(5_000));
  expect(changes).toEqual(['added r1', 'added r2', 'added r3']);
  await api.patch(resource.configMaps, key('r1'), { data: { a: '1' } });
  await api.delete(resource.configMaps, key('r2'));
  await soon(() => changes.length === 5);
  expect(changes.slice(3)).toEqual(['updated r1', 'deleted r2']);
  expect(reflector.store.byIndex('size', '1').map(({ metadata }) => metadata?.name)).toEqual(['r1']);
  first.abort();
  await following;
  await api.delete(resource.configMaps, key('r3'));
  const second = new AbortController();
  const again = reflector.run(second.signal);
  await soon(() => changes.includes('deleted r3'));
  second.abort();
  await again;
});

test('equal events are one with a count', async () => {
  const recorder = createEventRecorder(api, { component: 'test', instance: 'test-1' });
  const about = await api.create(resource.configMaps, aMap('told'));
  const event = { type: 'Normal', reason: 'Testing', message: 'again' } as const;
  for (let i = 0; i < 3; i++) recorder.emit(about, event);
  recorder.emit(about, { ...event, message: 'another' });
  await recorder.flush();
  const { items } = await api.list<CoreEvent>(resource.events, { namespace: 'default' });
  const found = items.filter(({ involvedObject }) => involvedObject.name === 'told');
  expect(found.map(({ message, count }) => `${message ?? ''} ${count ?? 0}`).sort()).toEqual(['again 3', 'another 1']);
});

/** A server that answers each request with the next of `answers`. */
async function withFlakyServer(
  keys: TestKeys,
  answers: ((response: ServerResponse) => void)[],
  body: (api: KubeApi, seen: string[]) => Promise<void>,
): Promise<void> {
  const seen: string[] = [];
  const flaky = https.createServer({ cert: keys.cert, key: keys.key }, (request, response) => {
    seen.push(request.method ?? '');
    request.resume();
    const answer = answers.shift();
    if (answer === undefined) response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    else answer(response);
  });
  await new Promise<void>((resolve) => flaky.listen(0, '127.0.0.1', resolve));
  const { port } = flaky.address() as AddressInfo;
  const client = createKubeClient({ server: `https://127.0.0.1:${port}`, ca: keys.ca }, { requestTimeoutMs: 500 });
  try {
    await body(client, seen);
  } finally {
    await client[Symbol.asyncDispose]();
    flaky.closeAllConnections();
    await new Promise<void>((resolve) => flaky.close(() => resolve()));
  }
}

const status =
  (code: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(code, headers).end(JSON.stringify({ message: `answer ${code}` }));
const hangUp = (response: ServerResponse) => void response.destroy();
const silence = () => undefined;

test('F32 a server that is overloaded is not asked again before the time it names, neither for an object nor for a watch', async () => {
  const keys = await testKeys('127.0.0.1');
  const came: number[] = [];
  const throttled = (response: ServerResponse) => {
    came.push(performance.now());
    status(429, { 'retry-after': '1' })(response);
  };
  const answered = (response: ServerResponse) => {
    came.push(performance.now());
    response.writeHead(200).end('{"metadata":{"resourceVersion":"7"}}');
  };
  /** Shortest time between two requests; a timer may be a millisecond early. */
  const shortest = (): number => Math.min(...came.slice(1).map((at, index) => at - (came[index] ?? 0)));
  await withFlakyServer(keys, [throttled, throttled, answered], async (client) => {
    await client.get(resource.configMaps, key('x'));
  });
  expect(came).toHaveLength(3);
  expect(shortest()).toBeGreaterThan(990);
  came.length = 0;
  const end = new AbortController();
  const last = (response: ServerResponse) => {
    answered(response);
    end.abort();
  };
  await withFlakyServer(keys, [status(200), throttled, throttled, last], async (client) => {
    await new Reflector<ConfigMap>(client, resource.configMaps, { random: () => 0 }).run(end.signal);
  });
  expect(came).toHaveLength(3);
  expect(shortest()).toBeGreaterThan(990);
});

test('what may be repeated is repeated: 429 always, the rest only when doing it twice does no harm', async () => {
  const keys = await testKeys('127.0.0.1');
  await withFlakyServer(
    keys,
    [status(429, { 'retry-after': '0' }), status(503), hangUp, silence],
    async (client, seen) => {
      await client.get(resource.configMaps, key('x'));
      expect(seen).toEqual(['GET', 'GET', 'GET', 'GET', 'GET']);
    },
  );
  await withFlakyServer(keys, [status(429), status(500)], async (client, seen) => {
    const error = await client.create(resource.configMaps, aMap('x')).catch((failure: unknown) => failure);
    expect(seen).toEqual(['POST', 'POST']);
    expect((error as KubeError).code).toBe(500);
  });
  await withFlakyServer(keys, [hangUp], async (client, seen) => {
    const error = await client.create(resource.configMaps, aMap('x')).catch((failure: unknown) => failure);
    expect(seen).toEqual(['POST']);
    expect((error as KubeError).code).toBe(0);
  });
});
