import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Requests } from './testing/request.ts';
import { startApiServer, type TestServer } from './testing/server.ts';
import type { Loose } from './model/types.ts';

let server: TestServer;
let api: Requests;
let now = new Date();
const core = '/api/v1/namespaces/default';
const rbac = '/apis/rbac.authorization.k8s.io/v1';

beforeAll(async () => {
  server = await startApiServer({ now: () => now });
  api = new Requests(server.adminConnection);
  await api.post(`${core}/serviceaccounts`, { metadata: { name: 'reader' } });
  await api.post(`${rbac}/namespaces/default/roles`, {
    metadata: { name: 'reader' },
    rules: [
      { verbs: ['get', 'list'], apiGroups: [''], resources: ['configmaps'] },
      { verbs: ['get', 'list'], apiGroups: [''], resources: ['secrets'], resourceNames: ['mine'] },
      { verbs: ['patch'], apiGroups: [''], resources: ['pods/status'] },
    ],
  });
  await api.post(`${rbac}/namespaces/default/rolebindings`, {
    metadata: { name: 'reader' },
    roleRef: { kind: 'Role', name: 'reader' },
    subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace: 'default' }],
  });
});
afterAll(async () => {
  api.close();
  await server.close();
});

const token = async (spec: Loose = {}): Promise<string> =>
  (await api.post(`${core}/serviceaccounts/reader/token`, { spec })).body.status.token;

test('a service account may do what its role names and nothing else', async () => {
  const reader = api.as(await token());
  expect((await reader.get(`${core}/configmaps`)).code).toBe(200);
  expect((await reader.get(`${core}/secrets/mine`)).code).toBe(404);
  expect((await reader.get(`${core}/secrets?fieldSelector=metadata.name%3Dmine`)).code).toBe(200);
  expect((await reader.get(`${core}/secrets`)).code).toBe(403);
  const refused = await reader.get(`${core}/secrets/other`);
  expect(refused.body).toMatchObject({
    code: 403,
    reason: 'Forbidden',
    message:
      'secrets "other" is forbidden: User "system:serviceaccount:default:reader" cannot get resource "secrets" in API group "" in the namespace "default"',
    details: { name: 'other', kind: 'secrets' },
  });
  expect((await reader.get(`${core}/configmaps?fieldSelector=metadata.name%3Da`)).code).toBe(200);
  expect((await reader.merge(`${core}/pods/x/status`, {})).code).toBe(404);
  expect((await reader.merge(`${core}/pods/x`, {})).code).toBe(403);
  expect((await reader.get('/api/v1/namespaces/kube-system/configmaps')).code).toBe(403);
  expect((await reader.get('/api/v1/configmaps')).body.message).toContain('at the cluster scope');
  reader.close();
});

test('nobody is let in without credentials, and a wrong token is not ignored', async () => {
  const [nobody, liar] = [api.as(''), api.as('a.b.c')];
  expect((await nobody.get(`${core}/configmaps`)).body.message).toContain('User "system:anonymous" cannot list');
  expect((await nobody.get('/readyz')).code).toBe(200);
  expect((await liar.get('/readyz')).code).toBe(401);
  nobody.close();
  liar.close();
});

test('a certificate of another authority says nothing about its bearer', async () => {
  await using other = await startApiServer();
  const { cert, key } = other.adminConnection;
  const stranger = new Requests({ ...server.adminConnection, cert, key });
  expect((await stranger.get(`${core}/configmaps`)).code).toBe(403);
  stranger.close();
});

test('a token ends with its time, its pod and its account', async () => {
  const start = now;
  const bearer = api.as(await token({ expirationSeconds: 600 }));
  expect((await bearer.get(`${core}/configmaps`)).code).toBe(200);
  now = new Date(start.getTime() + 601_000);
  expect((await bearer.get(`${core}/configmaps`)).code).toBe(401);
  now = start;
  bearer.close();
  await api.post(`${core}/pods`, { metadata: { name: 'bound' }, spec: { containers: [{ name: 'a', image: 'a' }] } });
  const pod = api.as(await token({ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'bound' } }));
  expect((await pod.get(`${core}/configmaps`)).code).toBe(200);
  await api.delete(`${core}/pods/bound`);
  expect((await pod.get(`${core}/configmaps`)).code).toBe(401);
  pod.close();
});

test('reviews answer as the server would', async () => {
  const value = await token();
  const review = (spec: Loose): Promise<Loose> => api.post('/apis/authentication.k8s.io/v1/tokenreviews', { spec });
  expect((await review({ token: value })).body.status).toMatchObject({
    authenticated: true,
    user: { username: 'system:serviceaccount:default:reader' },
  });
  expect((await review({ token: `${value}x` })).body.status.authenticated).toBe(false);
  const reader = api.as(value);
  const can = async (resource: string): Promise<boolean> => {
    const resourceAttributes = { namespace: 'default', verb: 'list', resource };
    const { body } = await reader.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      spec: { resourceAttributes },
    });
    return body.status.allowed;
  };
  expect([await can('configmaps'), await can('secrets')]).toEqual([true, false]);
  reader.close();
});

test('every pod gets the token of its account mounted, unless it says no', async () => {
  const pod = async (name: string, spec: Loose): Promise<Loose> =>
    (await api.post(`${core}/pods`, { metadata: { name }, spec: { containers: [{ name: 'a', image: 'a' }], ...spec } }))
      .body;
  const usual = await pod('usual', { serviceAccountName: 'reader' });
  expect(usual.spec.containers[0].volumeMounts[0].mountPath).toBe('/var/run/secrets/kubernetes.io/serviceaccount');
  const without = await pod('without', { automountServiceAccountToken: false });
  expect(without.spec.volumes).toBeUndefined();
  expect((await pod('nobody', { serviceAccountName: 'absent' })).message).toContain(
    'serviceaccount "absent" not found',
  );
});

test('an administrator may look as somebody else, others may not', async () => {
  const as = { 'impersonate-user': 'system:serviceaccount:default:reader' };
  expect((await api.get(`${core}/configmaps`, { headers: as })).code).toBe(200);
  expect((await api.get(`${core}/pods`, { headers: as })).code).toBe(403);
  const reader = api.as(await token());
  const refused = await reader.get(`${core}/configmaps`, { headers: { 'impersonate-user': 'admin' } });
  expect(refused.body.message).toContain('cannot impersonate resource "users"');
  reader.close();
});

test('nobody grants what he does not have', async () => {
  await api.post(`${core}/serviceaccounts`, { metadata: { name: 'granter' } });
  const roles = `${rbac}/namespaces/default/roles`;
  const pods = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };
  const grant = { verbs: ['create'], apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'] };
  await api.post(roles, { metadata: { name: 'granter' }, rules: [grant, pods] });
  await api.post(`${rbac}/namespaces/default/rolebindings`, {
    metadata: { name: 'granter' },
    roleRef: { kind: 'Role', name: 'granter' },
    subjects: [{ kind: 'ServiceAccount', name: 'granter', namespace: 'default' }],
  });
  const granter = api.as((await api.post(`${core}/serviceaccounts/granter/token`, { spec: {} })).body.status.token);
  expect((await granter.post(roles, { metadata: { name: 'fine' }, rules: [pods] })).code).toBe(201);
  const refused = await granter.post(roles, {
    metadata: { name: 'more' },
    rules: [pods, { ...pods, resources: ['secrets'] }],
  });
  expect(refused.body.message).toContain(
    'is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}',
  );
  const roleRef = { kind: 'Role', name: 'reader' };
  const bound = await granter.post(`${rbac}/namespaces/default/rolebindings`, { metadata: { name: 'b' }, roleRef });
  expect(bound.code).toBe(403);
  granter.close();
});
