import { afterAll, beforeAll, expect, test } from '@jest/globals';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { createAuthority, issueCertificate } from '../../../pki/x509.ts';
import { Requests } from '../testing/request.ts';
import { startApiServer, type TestServer } from '../testing/server.ts';
import type { Loose } from '../model/types.ts';

let server: TestServer;
let api: Requests;
let hook: https.Server;
let caBundle: string;
const asked: Loose[] = [];
const path = '/api/v1/namespaces/default/configmaps';
const registrations = '/apis/admissionregistration.k8s.io/v1';

/** A mutating path that adds a label, and a validating one that refuses `data.bad`. */
function answer(url: string, request: Loose): Loose {
  if (url === '/mutate') {
    const patch = Buffer.from(JSON.stringify([{ op: 'add', path: '/data/seen', value: 'yes' }])).toString('base64');
    return { uid: request.uid, allowed: true, patchType: 'JSONPatch', patch, warnings: ['mind the gap'] };
  }
  const bad = request.object?.data?.bad !== undefined;
  return { uid: request.uid, allowed: !bad, ...(bad && { status: { message: 'bad is bad', code: 403 } }) };
}

beforeAll(async () => {
  server = await startApiServer();
  api = new Requests(server.adminConnection);
  const now = new Date();
  const authority = await createAuthority('webhook-ca', 1, now);
  const leaf = await issueCertificate(authority, {
    commonName: 'hook',
    dnsNames: ['hook.default.svc'],
    usages: ['server'],
    days: 1,
    now,
  });
  caBundle = Buffer.from(authority.certificate).toString('base64');
  hook = https.createServer({ cert: leaf.certificate, key: leaf.key }, (request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const { request: review } = JSON.parse(text);
      asked.push(review);
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          apiVersion: 'admission.k8s.io/v1',
          kind: 'AdmissionReview',
          response: answer(request.url ?? '', review),
        }),
      );
    });
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  const { port } = hook.address() as AddressInfo;
  await api.post('/api/v1/namespaces/default/services', {
    metadata: { name: 'hook' },
    spec: { ports: [{ port: 443, targetPort: port }] },
  });
  await api.post('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name: 'hook', labels: { 'kubernetes.io/service-name': 'hook' } },
    addressType: 'IPv4',
    ports: [{ name: '', port }],
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
  });
});
afterAll(async () => {
  api.close();
  await server.close();
  hook.close();
  hook.closeAllConnections();
});

const webhook = (hookPath: string, rest: Loose = {}): Loose => ({
  name: 'hook.example.com',
  clientConfig: { caBundle, service: { namespace: 'default', name: 'hook', path: hookPath } },
  rules: [{ operations: ['CREATE', 'UPDATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
  objectSelector: { matchLabels: { hooked: 'yes' } },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...rest,
});
const labelled = (name: string, data: Loose): Loose => ({ metadata: { name, labels: { hooked: 'yes' } }, data });

test('webhooks change and refuse what their rules and selectors match, and nothing else', async () => {
  await api.post(`${registrations}/mutatingwebhookconfigurations`, {
    metadata: { name: 'm' },
    webhooks: [webhook('/mutate')],
  });
  await api.post(`${registrations}/validatingwebhookconfigurations`, {
    metadata: { name: 'v' },
    webhooks: [webhook('/validate')],
  });
  const made = await api.post(path, labelled('good', { a: 'b' }));
  expect(made.body.data).toEqual({ a: 'b', seen: 'yes' });
  expect(made.headers['warning']).toContain('mind the gap');
  expect(asked.at(-1)).toMatchObject({
    operation: 'CREATE',
    name: 'good',
    namespace: 'default',
    object: { data: { seen: 'yes' } },
    userInfo: { username: 'admin' },
  });
  const refused = await api.post(path, labelled('bad', { bad: 'x' }));
  expect(refused.body).toMatchObject({
    code: 403,
    message: 'admission webhook "hook.example.com" denied the request: bad is bad',
  });
  const before = asked.length;
  await api.post(path, { metadata: { name: 'other' }, data: { bad: 'x' } });
  expect(asked.length).toBe(before);
});

test('a webhook that cannot be reached or verified fails the request, unless it may be ignored', async () => {
  const at = `${registrations}/validatingwebhookconfigurations/v`;
  const { body } = await api.get(at);
  const authority = await createAuthority('stranger', 1, new Date());
  const strange = {
    ...webhook('/validate').clientConfig,
    caBundle: Buffer.from(authority.certificate).toString('base64'),
  };
  await api.put(at, { ...body, webhooks: [webhook('/validate', { clientConfig: strange })] });
  const failed = await api.post(path, labelled('unverified', { a: 'b' }));
  expect(failed.body).toMatchObject({ code: 500, reason: 'InternalError' });
  expect(failed.body.message).toContain('failed calling webhook "hook.example.com"');
  const { body: again } = await api.get(at);
  await api.put(at, { ...again, webhooks: [webhook('/validate', { clientConfig: strange, failurePolicy: 'Ignore' })] });
  expect((await api.post(path, labelled('ignored', { a: 'b' }))).code).toBe(201);
});
