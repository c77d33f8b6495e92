import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  ApiException,
  AppsV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  Watch,
  setHeaderOptions,
} from '@kubernetes/client-node';
import { startApiServer, type TestServer } from './testing/server.ts';
import { eventually } from './testing/request.ts';
import type { Loose } from './model/types.ts';

let server: TestServer;
let config: KubeConfig;
let core: CoreV1Api;
const namespace = 'default';

beforeAll(async () => {
  server = await startApiServer();
  config = new KubeConfig();
  config.loadFromString(server.kubeconfig);
  core = config.makeApiClient(CoreV1Api);
});
afterAll(() => server.close());

test('typed objects are made, read, replaced, patched, listed and deleted', async () => {
  const made = await core.createNamespacedConfigMap({
    namespace,
    body: { metadata: { name: 'c', labels: { a: 'b' } }, data: { k: '1' } },
  });
  expect(made.metadata?.creationTimestamp).toBeInstanceOf(Date);
  made.data = { k: '2' };
  const replaced = await core.replaceNamespacedConfigMap({ name: 'c', namespace, body: made });
  expect(replaced.data).toEqual({ k: '2' });
  await expect(core.replaceNamespacedConfigMap({ name: 'c', namespace, body: made })).rejects.toMatchObject({
    code: 409,
  });
  const patched = await core.patchNamespacedConfigMap({
    name: 'c',
    namespace,
    body: [{ op: 'add', path: '/data/l', value: '3' }],
  });
  expect(patched.data).toEqual({ k: '2', l: '3' });
  const merged = await core.patchNamespacedConfigMap(
    { name: 'c', namespace, body: { data: { k: null } } },
    setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
  );
  expect(merged.data).toEqual({ l: '3' });
  const list = await core.listNamespacedConfigMap({ namespace, labelSelector: 'a=b' });
  expect(list.items.map((item) => item.metadata?.name)).toEqual(['c']);
  await core.deleteNamespacedConfigMap({ name: 'c', namespace });
  const error = await core.readNamespacedConfigMap({ name: 'c', namespace }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ApiException);
  expect(JSON.parse((error as ApiException<string>).body)).toMatchObject({
    reason: 'NotFound',
    details: { name: 'c', kind: 'configmaps' },
  });
});

test('strategic merge patches merge containers by name', async () => {
  const apps = config.makeApiClient(AppsV1Api);
  const template = {
    metadata: { labels: { a: 'b' } },
    spec: {
      containers: [
        { name: 'x', image: '1' },
        { name: 'y', image: '1' },
      ],
    },
  };
  await apps.createNamespacedDeployment({
    namespace,
    body: { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } },
  });
  const patched = await apps.patchNamespacedDeployment(
    { name: 'd', namespace, body: { spec: { template: { spec: { containers: [{ name: 'y', image: '2' }] } } } } },
    setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch),
  );
  expect(patched.spec?.template.spec?.containers.map(({ name, image }) => `${name}:${image}`)).toEqual(['x:1', 'y:2']);
});

test('objects are applied server-side', async () => {
  const objects = KubernetesObjectApi.makeApiClient(config);
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's', namespace },
    spec: { ports: [{ name: 'a', port: 1 }] },
  };
  const apply = (body: typeof service, manager: string): Promise<Loose> =>
    objects.patch(body, undefined, undefined, manager, false, PatchStrategy.ServerSideApply);
  await apply(service, 'one');
  const both = await apply({ ...service, spec: { ports: [{ name: 'b', port: 2 }] } }, 'two');
  expect(both.spec.ports.map((port: Loose) => port.name)).toEqual(['a', 'b']);
  await expect(apply({ ...service, spec: { ports: [{ name: 'c', port: 2 }] } }, 'one')).rejects.toMatchObject({
    code: 409,
  });
});

test('custom objects are made after their definition', async () => {
  const objects = KubernetesObjectApi.makeApiClient(config);
  const schema = {
    type: 'object',
    properties: { spec: { type: 'object', properties: { n: { type: 'integer', _default: 5 } } } },
  };
  await objects.create({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'things', kind: 'Thing' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  } as Loose);
  const custom = config.makeApiClient(CustomObjectsApi);
  const at = { group: 'example.com', version: 'v1', namespace, plural: 'things' };
  await custom.createNamespacedCustomObject({
    ...at,
    body: { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 't' }, spec: {} },
  });
  const found: Loose = await custom.getNamespacedCustomObject({ ...at, name: 't' });
  expect(found.spec).toEqual({ n: 5 });
});

test('a watch shows what happens', async () => {
  const seen: string[] = [];
  const watch = new Watch(config);
  const controller = await watch.watch(
    `/api/v1/namespaces/${namespace}/secrets`,
    { fieldSelector: 'metadata.name=w' },
    (phase, object: Loose) => seen.push(`${phase} ${object.metadata.name}`),
    () => undefined,
  );
  await core.createNamespacedSecret({ namespace, body: { metadata: { name: 'w' } } });
  await core.createNamespacedSecret({ namespace, body: { metadata: { name: 'not-w' } } });
  await core.deleteNamespacedSecret({ name: 'w', namespace });
  await eventually(async () => seen.length >= 2);
  controller.abort();
  expect(seen).toEqual(['ADDED w', 'DELETED w']);
});
