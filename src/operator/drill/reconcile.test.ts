import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Cluster } from '../../api/generated/cluster.ts';
import type { KubeApi } from '../../kube/port.ts';
import { resource } from '../../kube/resource-types.ts';
import { startApiServer } from '../../local/apiserver/testing/server.ts';
import { aCluster, startPlatform, type TestPlatform } from '../testing/test-world.ts';
import { reconcileDrill } from './reconcile.ts';

let platform: TestPlatform;
let api: KubeApi;
beforeAll(async () => {
  platform = await startPlatform(startApiServer);
  api = platform.api;
});
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

const namespace = 'default';
const events: string[] = [];
const at = (seconds: number): Date => new Date(Date.now() + seconds * 1000);
const look = (name: string, now: Date) =>
  reconcileDrill(
    { api, now: () => now, emit: (_, { reason }) => void events.push(reason) },
    { namespace, name },
    AbortSignal.timeout(30_000),
  );
const get = (name: string) => api.get<Cluster>(resource.clusters, { namespace, name });
const drillOf = async (name: string) => (await get(name))?.status?.howdah?.restoreDrill;

test('from the annotation to the result: begun, made, watched, written down, and thrown away', async () => {
  const backup = { barmanObjectStore: { destinationPath: 's3://b/', s3Credentials: { inheritFromIAMRole: true } } };
  const plain = aCluster({ name: 'c', spec: { backup } });
  const annotations = { 'howdah.dev/restore-drill': '@every 10m' };
  await api.create<Cluster>(resource.clusters, { ...plain, metadata: { ...plain.metadata, annotations } });
  await look('c', at(0));
  expect(await drillOf('c')).toEqual({ nextTime: expect.any(String) });
  await look('c', at(700));
  expect((await drillOf('c'))?.message).toBe('there is no completed backup to restore');
  const done = { lastSuccessfulBackupByMethod: { barmanObjectStore: '2026-01-01T00:00:00Z' } };
  await api.patchStatus(resource.clusters, { namespace, name: 'c' }, { status: done });
  await look('c', at(701));
  expect(await drillOf('c')).toEqual({ phase: 'running', startedAt: expect.any(String) });
  await look('c', at(702));
  await look('c', at(703));
  expect(await get('c-drill')).toMatchObject({
    metadata: { annotations: { 'howdah.dev/drill-of': 'c' }, ownerReferences: [{ kind: 'Cluster', name: 'c' }] },
    spec: { instances: 1, externalClusters: [{ barmanObjectStore: { serverName: 'c' } }] },
  });
  const startedAt = at(760).toISOString();
  const verification = { startedAt, databases: 3, tables: 100, indexes: 200, method: 'amcheck', problems: [] };
  await api.patchStatus(resource.clusters, { namespace, name: 'c-drill' }, { status: { howdah: { verification } } });
  await look('c', at(770));
  const result = await drillOf('c');
  expect(result).toMatchObject({ phase: 'succeeded', verification: { databases: 3, problems: [] } });
  expect(result?.recoverySeconds).toBeGreaterThanOrEqual(58);
  expect(await get('c-drill')).toBeUndefined();
  await look('c', at(771));
  expect(events).toEqual(['RestoreDrillStarted', 'RestoreDrillSucceeded']);
});

test('the last result stays readable while the next drill runs and when that is called off, and goes when the next one ends', async () => {
  const backup = { barmanObjectStore: { destinationPath: 's3://b/', s3Credentials: { inheritFromIAMRole: true } } };
  const plain = aCluster({ name: 'e', spec: { backup } });
  const annotate = (value: string | null) =>
    api.patch(
      resource.clusters,
      { namespace, name: 'e' },
      { metadata: { annotations: { 'howdah.dev/restore-drill': value } } },
    );
  await api.create<Cluster>(resource.clusters, plain);
  await annotate('@every 10m');
  const done = { lastSuccessfulBackupByMethod: { barmanObjectStore: '2026-01-01T00:00:00Z' } };
  await api.patchStatus(resource.clusters, { namespace, name: 'e' }, { status: done });
  const verified = (found: object) =>
    api.patchStatus(
      resource.clusters,
      { namespace, name: 'e-drill' },
      { status: { howdah: { verification: { startedAt: at(0).toISOString(), problems: [], ...found } } } },
    );
  for (const second of [700, 701]) await look('e', at(second));
  await verified({ backupId: '20260101T000000', recoveredTo: at(600).toISOString(), tables: 100 });
  await look('e', at(770));
  const first = await drillOf('e');
  expect(first).toMatchObject({ phase: 'succeeded', last: { phase: 'succeeded', verification: { tables: 100 } } });
  const { last: result, nextTime: _, ...same } = first ?? {};
  expect(result).toEqual(same);

  await look('e', at(1400));
  expect(await drillOf('e')).toEqual({ phase: 'running', startedAt: expect.any(String), last: result });
  await annotate(null);
  await look('e', at(1401));
  expect(await drillOf('e')).toMatchObject({ phase: 'failed', message: 'called off', last: result });

  await annotate('@every 10m');
  for (const second of [2100, 2101]) await look('e', at(second));
  expect((await drillOf('e'))?.last).toEqual(result);
  await verified({ problems: ['table t, block 1: is damaged'] });
  await look('e', at(2170));
  const second = await drillOf('e');
  const damaged = { phase: 'failed', message: 'table t, block 1: is damaged' };
  expect(second).toMatchObject({ ...damaged, last: damaged });
  expect(second?.last?.verification).toEqual(second?.verification);
  expect(second?.last?.verification).not.toHaveProperty('backupId');
  expect(second?.last).not.toHaveProperty('recoveryPointSeconds');
});

test('why no drill could begin is said until one can', async () => {
  const backup = { barmanObjectStore: { destinationPath: 's3://b/', s3Credentials: { inheritFromIAMRole: true } } };
  const plain = aCluster({ name: 'f', spec: { backup } });
  const annotations = { 'howdah.dev/restore-drill': '@every 10m' };
  await api.create<Cluster>(resource.clusters, { ...plain, metadata: { ...plain.metadata, annotations } });
  await look('f', at(700));
  expect((await drillOf('f'))?.message).toBe('there is no completed backup to restore');
  await look('f', at(0));
  expect(await drillOf('f')).toEqual({ nextTime: expect.any(String) });
});

test("a Cluster of the throw-away's name that is somebody else's is left alone", async () => {
  const plain = aCluster({ name: 'd' });
  const annotations = { 'howdah.dev/restore-drill': '@every 1s' };
  await api.create<Cluster>(resource.clusters, { ...plain, metadata: { ...plain.metadata, annotations } });
  await api.create<Cluster>(resource.clusters, aCluster({ name: 'd-drill' }));
  await look('d', at(10));
  expect((await drillOf('d'))?.message).toBe('Cluster d-drill is there already and is not of a drill');
  await api.patch(
    resource.clusters,
    { namespace, name: 'd' },
    { metadata: { annotations: { 'howdah.dev/restore-drill': null } } },
  );
  await look('d', at(20));
  expect(await get('d-drill')).toBeDefined();
});
