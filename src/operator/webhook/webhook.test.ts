import { afterAll, beforeAll, expect, test } from '@jest/globals';
import https from 'node:https';
import { KubeError } from '../../kube/errors.ts';
import type { KubeApi } from '../../kube/port.ts';
import { startApiServer } from '../../local/apiserver/testing/server.ts';
import { resource } from '../../kube/resource-types.ts';
import type { KubeObject } from '../../kube/types.ts';
import { webhookConfigurations } from '../../resources/webhook-configurations.ts';
import type { Cluster } from '../../api/generated/cluster.ts';
import { parseConfiguration } from '../config.ts';
import { operatorCertificates, type OperatorCertificates } from '../runtime/operator-secrets.ts';
import { aCluster, startPlatform, type TestPlatform } from '../testing/test-world.ts';
import { admit } from './admission.ts';
import { injectAuthority } from './inject.ts';
import { serveWebhooks, type WebhookServer } from './server.ts';

const settings = { postgresImage: 'postgresql:18.1' };
const signal = AbortSignal.timeout(60_000);

const review = (object: unknown, oldObject?: unknown) => ({
  request: { uid: 'u', operation: 'CREATE', object, oldObject },
});
const responseOf = (answer: object | undefined) =>
  (answer as { response: { allowed: boolean; patch?: string; status?: { message: string } } }).response;

test('a cluster is defaulted by a patch, and one that says everything already is left alone', () => {
  const path = '/mutate-postgresql-cnpg-io-v1-cluster';
  const cluster = aCluster({ name: 'c' });
  const { patch = '' } = responseOf(admit(path, review(cluster), settings));
  const operations = JSON.parse(Buffer.from(patch, 'base64').toString('utf8')) as { path: string; value: unknown }[];
  expect(operations).toContainEqual({ op: 'add', path: '/spec/imageName', value: 'postgresql:18.1' });
});

test('a cluster that is wrong is refused with the field, unless validation is disabled or it is on its way out', () => {
  const path = '/validate-postgresql-cnpg-io-v1-cluster';
  const wrong = aCluster({ name: 'c', spec: { postgresql: { parameters: { port: '1' } } } });
  const refused = responseOf(admit(path, review(wrong), settings));
  expect(refused.allowed).toBe(false);
  expect(refused.status?.message).toContain('spec.postgresql.parameters');
  const disabled = { ...wrong, metadata: { ...wrong.metadata, annotations: { 'cnpg.io/validation': 'disabled' } } };
  expect(responseOf(admit(path, review(disabled), settings)).allowed).toBe(true);
  const leaving = { ...wrong, metadata: { ...wrong.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
  expect(responseOf(admit(path, review(leaving), settings)).allowed).toBe(true);
});

test('paths of kinds that are not admitted here are none of ours', () => {
  expect(admit('/validate-postgresql-cnpg-io-v1-pooler', review({}), settings)).toBeUndefined();
  expect(admit('/', review({}), settings)).toBeUndefined();
});

describeWithServer();

function describeWithServer(): void {
  let platform: TestPlatform;
  let server: WebhookServer;
  let certificates: OperatorCertificates;
  beforeAll(async () => {
    platform = await startPlatform(startApiServer);
    const { api } = platform;
    await api.create(resource.namespaces, { metadata: { name: 'cnpg-system' } });
    const configuration = parseConfiguration({}, 'test');
    certificates = await operatorCertificates({ api, configuration, now: new Date(), signal });
    server = await serveWebhooks({
      ...settings,
      bind: '127.0.0.1',
      port: 0,
      certificate: certificates.webhook,
      ready: () => true,
      onError: () => undefined,
    });
    await publish(api, server.port);
    for (const object of webhookConfigurations('cnpg-system')) {
      const type = object.kind.startsWith('Mutating') ? resource.mutatingWebhooks : resource.validatingWebhooks;
      await api.create<KubeObject>(type, object);
    }
    await injectAuthority(api, certificates.caBundle, signal);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await platform[Symbol.asyncDispose]();
  });

  test('the API server trusts what was injected: the authority, so that a renewed certificate needs no new one', async () => {
    const bundle = (await caBundles(platform.api))[0] ?? '';
    expect(Buffer.from(bundle, 'base64').toString('utf8')).toBe(certificates.caBundle);
    expect(certificates.caBundle).not.toContain(certificates.webhook.certificate.split('\n')[1]);
  });

  test('created through the API server: defaults are there, errors are refused', async () => {
    const made = await platform.api.create<Cluster>(resource.clusters, aCluster({ name: 'defaulted' }));
    expect(made.spec.imageName).toBe('postgresql:18.1');
    const wrong = aCluster({ name: 'wrong', spec: { postgresql: { parameters: { port: '1' } } } });
    const error = await platform.api.create(resource.clusters, wrong).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(KubeError);
    expect((error as KubeError).message).toContain('spec.postgresql.parameters');
  });

  test('certificates are made once and kept', async () => {
    const configuration = parseConfiguration({}, 'test');
    const again = await operatorCertificates({ api: platform.api, configuration, now: new Date(), signal });
    expect(again).toEqual(certificates);
    const later = new Date(Date.now() + 85 * 86_400_000);
    const renewed = await operatorCertificates({ api: platform.api, configuration, now: later, signal });
    expect(renewed.identity.fingerprint).not.toBe(certificates.identity.fingerprint);
    expect(renewed.caBundle).toContain(certificates.caBundle.trim());
  });

  test('readiness is told over TLS', async () => {
    const status = await new Promise((resolve, reject) => {
      https
        .get(
          {
            host: '127.0.0.1',
            port: server.port,
            path: '/readyz',
            ca: certificates.caBundle,
            servername: 'cnpg-webhook-service',
            agent: false,
          },
          (response) => {
            response.resume();
            resolve(response.statusCode);
          },
        )
        .on('error', reject);
    });
    expect(status).toBe(200);
  });
}

/** The Service as installed, and its one endpoint: what kubelet and controllers would make of the operator's pod. */
async function publish(api: KubeApi, port: number): Promise<void> {
  const [name, namespace] = ['cnpg-webhook-service', 'cnpg-system'];
  const ports = [{ name: 'https', port: 443, targetPort: port, protocol: 'TCP' }];
  await api.create<KubeObject & { spec: object }>(resource.services, {
    metadata: { name, namespace },
    spec: { ports },
  });
  await api.create<KubeObject & Record<string, unknown>>(resource.endpointSlices, {
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  });
}

async function caBundles(api: KubeApi): Promise<string[]> {
  interface Configuration extends KubeObject {
    webhooks?: { clientConfig: { caBundle?: string } }[];
  }
  const found = await api.get<Configuration>(resource.validatingWebhooks, {
    name: 'cnpg-validating-webhook-configuration',
  });
  return (found?.webhooks ?? []).map(({ clientConfig }) => clientConfig.caBundle ?? '');
}
