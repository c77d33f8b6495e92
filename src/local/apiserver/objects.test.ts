import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually, Requests } from './testing/request.ts';
import { startApiServer, type TestServer } from './testing/server.ts';
import type { Loose } from './model/types.ts';

let server: TestServer;
let api: Requests;
const core = '/api/v1/namespaces/default';

beforeAll(async () => {
  server = await startApiServer();
  api = new Requests(server.adminConnection);
});
afterAll(async () => {
  api.close();
  await server.close();
});

const configMap = (name: string, rest: Loose = {}): Loose => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  ...rest,
  metadata: { name, ...rest.metadata },
});
const aPod = (name: string, rest: Loose = {}): Loose => ({
  metadata: { name, ...rest.metadata },
  spec: { containers: [{ name: 'main', image: 'x:1' }], ...rest.spec },
});

test('an object gets uid, time and version; a second one of its name is refused', async () => {
  const made = await api.post(`${core}/configmaps`, configMap('twice', { data: { a: '1' } }));
  expect(made.code).toBe(201);
  expect(made.body.metadata).toMatchObject({
    name: 'twice',
    namespace: 'default',
    uid: expect.any(String),
    resourceVersion: expect.stringMatching(/^\d+$/),
    creationTimestamp: expect.stringMatching(/^\d{4}-.*Z$/),
  });
  const again = await api.post(`${core}/configmaps`, configMap('twice'));
  expect(again.body).toMatchObject({
    code: 409,
    reason: 'AlreadyExists',
    message: 'configmaps "twice" already exists',
  });
});

test('an update with a stale version is refused and one that changes nothing keeps the version', async () => {
  const { body: first } = await api.post(`${core}/configmaps`, configMap('stale', { data: { a: '1' } }));
  const { body: second } = await api.put(`${core}/configmaps/stale`, { ...first, data: { a: '2' } });
  expect(Number(second.metadata.resourceVersion)).toBeGreaterThan(Number(first.metadata.resourceVersion));
  const late = await api.put(`${core}/configmaps/stale`, { ...first, data: { a: '3' } });
  expect(late.body).toMatchObject({ code: 409, reason: 'Conflict' });
  expect(late.body.message).toContain('the object has been modified');
  const same = await api.put(`${core}/configmaps/stale`, second);
  expect(same.body.metadata.resourceVersion).toBe(second.metadata.resourceVersion);
});

test('names are checked', async () => {
  const bad = await api.post(`${core}/configmaps`, configMap('Not_Good'));
  expect(bad.body).toMatchObject({ code: 422, reason: 'Invalid' });
  expect(bad.body.details.causes[0].field).toBe('metadata.name');
  const generated = await api.post(`${core}/configmaps`, { metadata: { generateName: 'gen-' } });
  expect(generated.body.metadata.name).toMatch(/^gen-[a-z0-9]{5}$/);
});

test('wrong types and, when strict, unknown fields are refused with their place', async () => {
  const wrong = await api.post(`${core}/pods`, aPod('p', { spec: { terminationGracePeriodSeconds: 'long' } }));
  expect(wrong.body.code).toBe(400);
  expect(wrong.body.message).toContain('spec.terminationGracePeriodSeconds');
  const strict = await api.post(`${core}/pods?fieldValidation=Strict`, aPod('p', { spec: { nodeNam: 'a' } }));
  expect(strict.body.message).toContain('unknown field "spec.nodeNam"');
  const warned = await api.post(`${core}/pods?dryRun=All`, aPod('p', { spec: { nodeNam: 'a' } }));
  expect(warned.code).toBe(201);
  expect(warned.headers['warning']).toContain('unknown field');
});

test('a dry run leaves nothing behind', async () => {
  expect((await api.post(`${core}/configmaps?dryRun=All`, configMap('dry'))).code).toBe(201);
  expect((await api.get(`${core}/configmaps/dry`)).code).toBe(404);
});

test('lists are selected by labels and fields and paged over one moment', async () => {
  const place = '/api/v1/namespaces/paged';
  await api.post('/api/v1/namespaces', { metadata: { name: 'paged' } });
  for (let i = 0; i < 7; i++) {
    await api.post(`${place}/secrets`, {
      metadata: { name: `s${i}`, labels: { odd: String(i % 2) } },
      stringData: { i: String(i) },
    });
  }
  const odd = await api.get(`${place}/secrets?labelSelector=${encodeURIComponent('odd in (1),!even')}`);
  expect(odd.body.items.map((item: Loose) => item.metadata.name)).toEqual(['s1', 's3', 's5']);
  const one = await api.get(`${place}/secrets?fieldSelector=metadata.name%3Ds4`);
  expect(one.body.items[0].data.i).toBe(Buffer.from('4').toString('base64'));
  const first = await api.get(`${place}/secrets?limit=3`);
  expect(first.body.metadata.remainingItemCount).toBe(4);
  await api.delete(`${place}/secrets/s5`);
  const second = await api.get(`${place}/secrets?limit=10&continue=${first.body.metadata.continue}`);
  expect(second.body.items.map((item: Loose) => item.metadata.name)).toEqual(['s3', 's4', 's5', 's6']);
  expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
});

test('a watch from a version sees every change after it, by what its selector lets through', async () => {
  const { body: made } = await api.post(
    `${core}/configmaps`,
    configMap('watched', { metadata: { labels: { on: 'yes' } } }),
  );
  await api.merge(`${core}/configmaps/watched`, { metadata: { labels: { on: 'no' } } });
  await api.merge(`${core}/configmaps/watched`, { metadata: { labels: { on: 'yes' } } });
  await api.delete(`${core}/configmaps/watched`);
  const query = `watch=true&timeoutSeconds=1&allowWatchBookmarks=true&labelSelector=on%3Dyes&resourceVersion=${made.metadata.resourceVersion}`;
  const { body } = await api.get(`${core}/configmaps?${query}`);
  const events = String(body)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.map((event) => event.type)).toEqual(['DELETED', 'ADDED', 'DELETED', 'BOOKMARK']);
});

test('a watch from a version that is not known any more ends with 410', async () => {
  const { body } = await api.get(`${core}/configmaps?watch=true&resourceVersion=99999999`);
  expect(JSON.parse(body)).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
});

test('status and spec are written apart, and only the spec counts generations', async () => {
  const path = '/apis/apps/v1/namespaces/default/deployments';
  const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'a', image: 'a' }] } };
  await api.post(path, { metadata: { name: 'd' }, spec: { selector: { matchLabels: { app: 'a' } }, template } });
  const status = await api.merge(`${path}/d/status`, { status: { readyReplicas: 1 }, spec: { replicas: 9 } });
  expect(status.body).toMatchObject({
    metadata: { generation: 1 },
    spec: { replicas: 1 },
    status: { readyReplicas: 1 },
  });
  const spec = await api.merge(`${path}/d`, { status: { readyReplicas: 5 }, spec: { replicas: 2 } });
  expect(spec.body).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 2 }, status: { readyReplicas: 1 } });
  const scaled = await api.merge(`${path}/d/scale`, { spec: { replicas: 4 } });
  expect(scaled.body).toMatchObject({ kind: 'Scale', spec: { replicas: 4 }, status: { selector: 'app=a' } });
});

test('a pod on a node is marked with its grace period and goes when the node says so; one without a node goes at once', async () => {
  await api.post(`${core}/pods`, aPod('placed'));
  const bound = await api.post(`${core}/pods/placed/binding`, { target: { kind: 'Node', name: 'n1' } });
  expect(bound.code).toBe(201);
  const marked = await api.delete(`${core}/pods/placed`);
  expect(marked.body.metadata).toMatchObject({ deletionTimestamp: expect.any(String), deletionGracePeriodSeconds: 30 });
  await api.delete(`${core}/pods/placed`, { gracePeriodSeconds: 0, preconditions: { uid: marked.body.metadata.uid } });
  expect((await api.get(`${core}/pods/placed`)).code).toBe(404);
  await api.post(`${core}/pods`, aPod('homeless'));
  await api.delete(`${core}/pods/homeless`);
  expect((await api.get(`${core}/pods/homeless`)).code).toBe(404);
});

test('a running pod keeps its spec', async () => {
  await api.post(`${core}/pods`, aPod('fixed'));
  expect((await api.merge(`${core}/pods/fixed`, { spec: { containers: [{ name: 'main', image: 'y' }] } })).code).toBe(
    422,
  );
  const changed = await api.send(
    'PATCH',
    `${core}/pods/fixed`,
    { spec: { containers: [{ name: 'main', image: 'y:2' }] } },
    {
      contentType: 'application/strategic-merge-patch+json',
    },
  );
  expect(changed.body.spec.containers[0].image).toBe('y:2');
});

test('an eviction that a disruption budget forbids is answered with 429', async () => {
  const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  await api.post(
    `${core}/pods`,
    aPod('guarded', { metadata: { labels: { app: 'guarded' } }, spec: { nodeName: 'n1' } }),
  );
  await api.merge(`${core}/pods/guarded/status`, { status: ready });
  await api.post('/apis/policy/v1/namespaces/default/poddisruptionbudgets', {
    metadata: { name: 'b' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'guarded' } } },
  });
  const refused = await api.post(`${core}/pods/guarded/eviction`, { metadata: { name: 'guarded' } });
  expect(refused.body).toMatchObject({ code: 429, reason: 'TooManyRequests' });
  await api.delete('/apis/policy/v1/namespaces/default/poddisruptionbudgets/b');
  expect((await api.post(`${core}/pods/guarded/eviction`, { metadata: { name: 'guarded' } })).code).toBe(201);
});

test('services get addresses of their own and keep them', async () => {
  const make = (name: string): Promise<Loose> =>
    api.post(`${core}/services`, { metadata: { name }, spec: { ports: [{ port: 80 }] } });
  const [a, b] = [await make('a'), await make('b')];
  expect(a.body.spec.clusterIP).toMatch(/^127\.99\.96\.\d+$/);
  expect(b.body.spec.clusterIP).not.toBe(a.body.spec.clusterIP);
  const kept = await api.put(`${core}/services/a`, { metadata: { name: 'a' }, spec: { ports: [{ port: 81 }] } });
  expect(kept.body.spec).toMatchObject({
    clusterIP: a.body.spec.clusterIP,
    ports: [{ port: 81, targetPort: 81, protocol: 'TCP' }],
  });
});

test('claims grow and never shrink', async () => {
  const path = `${core}/persistentvolumeclaims`;
  const sized = (storage: string): Loose => ({ spec: { resources: { requests: { storage } } } });
  await api.post(path, {
    metadata: { name: 'c' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });
  expect((await api.merge(`${path}/c`, sized('2Gi'))).code).toBe(200);
  expect((await api.merge(`${path}/c`, sized('512Mi'))).body.message).toContain(
    'field can not be less than status.capacity',
  );
  expect((await api.merge(`${path}/c`, { spec: { accessModes: ['ReadWriteMany'] } })).code).toBe(422);
});

test('a namespace takes what is in it along, and nothing new gets in meanwhile', async () => {
  await api.post('/api/v1/namespaces', { metadata: { name: 'doomed' } });
  await api.post(
    '/api/v1/namespaces/doomed/configmaps',
    configMap('held', { metadata: { finalizers: ['x.io/hold'] } }),
  );
  await api.delete('/api/v1/namespaces/doomed');
  const late = await api.post('/api/v1/namespaces/doomed/configmaps', configMap('late'));
  expect(late.body).toMatchObject({ code: 403, details: { causes: [{ reason: 'NamespaceTerminating' }] } });
  await eventually(
    async () => (await api.get('/api/v1/namespaces/doomed/configmaps/held')).body.metadata?.deletionTimestamp,
  );
  expect((await api.get('/api/v1/namespaces/doomed')).body.status.phase).toBe('Terminating');
  await api.merge('/api/v1/namespaces/doomed/configmaps/held', { metadata: { finalizers: null } });
  await eventually(async () => (await api.get('/api/v1/namespaces/doomed')).code === 404);
});
