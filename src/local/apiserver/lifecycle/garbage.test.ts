import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually, Requests } from '../testing/request.ts';
import { startApiServer, type TestServer } from '../testing/server.ts';
import type { Loose } from '../model/types.ts';

let server: TestServer;
let api: Requests;
const path = '/api/v1/namespaces/default/configmaps';

beforeAll(async () => {
  server = await startApiServer();
  api = new Requests(server.adminConnection);
});
afterAll(async () => {
  api.close();
  await server.close();
});

async function make(name: string, owners: Loose[] = [], metadata: Loose = {}): Promise<Loose> {
  const ownerReferences = owners.map(({ metadata: owner }) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name: owner.name,
    uid: owner.uid,
    blockOwnerDeletion: true,
  }));
  return (await api.post(path, { metadata: { name, ownerReferences, ...metadata } })).body;
}
const gone = (name: string): Promise<boolean> =>
  eventually(async () => (await api.get(`${path}/${name}`)).code === 404);

test('dependents go after their owner, down to the last', async () => {
  const owner = await make('owner');
  const child = await make('child', [owner]);
  await make('grandchild', [child]);
  await api.delete(`${path}/owner`);
  await gone('grandchild');
  await gone('child');
});

test('a dependent with two owners stays until both are gone', async () => {
  const [a, b] = [await make('a'), await make('b')];
  await make('both', [a, b]);
  await api.delete(`${path}/a`);
  await eventually(async () => (await api.get(`${path}/both`)).body.metadata.ownerReferences.length === 1);
  await api.delete(`${path}/b`);
  await gone('both');
});

test('an object of an owner that is not there goes', async () => {
  await make('late', [{ metadata: { name: 'owner', uid: '00000000-0000-0000-0000-000000000000' } }]);
  await gone('late');
});

test('deleted in the foreground, an owner waits for its dependents', async () => {
  const owner = await make('patient');
  await make('slow', [owner], { finalizers: ['x.io/hold'] });
  await api.delete(`${path}/patient?propagationPolicy=Foreground`);
  await eventually(async () => (await api.get(`${path}/slow`)).body.metadata.deletionTimestamp !== undefined);
  expect((await api.get(`${path}/patient`)).body.metadata.finalizers).toEqual(['foregroundDeletion']);
  await api.merge(`${path}/slow`, { metadata: { finalizers: [] } });
  await gone('patient');
});

test('orphans are let go', async () => {
  const owner = await make('parent');
  await make('orphan', [owner]);
  await api.delete(`${path}/parent`, { propagationPolicy: 'Orphan' });
  await gone('parent');
  expect((await api.get(`${path}/orphan`)).body.metadata.ownerReferences ?? []).toEqual([]);
});
