import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { resource } from '../src/kube/resource-types.ts';
import type { KubeObject } from '../src/kube/types.ts';
import { s3Client } from './support/bucket.ts';
import {
  type BackupObject,
  bucket,
  type ClusterObject,
  createCluster,
  getCluster,
  isHealthy,
  objectStoreSection,
  waitForCluster,
} from './support/cluster.ts';
import { openNamespace, openShared } from './support/shared.ts';
import { waitFor } from './support/wait.ts';

const platform = openShared();
const { api } = platform;
let namespace: Awaited<ReturnType<typeof openNamespace>>;

beforeAll(async () => {
  namespace = await openNamespace(platform, 'schedule');
  await createCluster(platform, namespace.name, 'source', {
    backup: {
      barmanObjectStore: {
        ...objectStoreSection(platform.objectStore),
        serverName: namespace.name,
        data: { immediateCheckpoint: true },
      },
    },
  });
  await waitForCluster(api, namespace.name, 'source', isHealthy, 'one ready instance');
});

afterAll(async () => {
  await namespace?.[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

const schedule = (name: string, spec: object): KubeObject & { spec: object } => ({
  apiVersion: 'postgresql.cnpg.io/v1',
  kind: 'ScheduledBackup',
  metadata: { name, namespace: namespace.name },
  spec: { cluster: { name: 'source' }, ...spec },
});

async function childrenOf(name: string): Promise<BackupObject[]> {
  const labelSelector = `cnpg.io/scheduled-backup=${name}`;
  return (await api.list<BackupObject>(resource.backups, { namespace: namespace.name, labelSelector })).items;
}

test('a schedule makes one backup after the other, and none when it is suspended', async () => {
  await api.create(resource.scheduledBackups, schedule('often', { schedule: '@every 2s', immediate: true }));
  const completed = await waitFor(
    'two completed backups',
    async () => {
      const done = (await childrenOf('often')).filter(({ status }) => status?.phase === 'completed');
      return done.length >= 2 ? done : undefined;
    },
    { timeout: 120_000 },
  );
  expect(new Set(completed.map(({ status }) => status?.backupId)).size).toBe(completed.length);
  const key = { namespace: namespace.name, name: 'often' };
  await api.patch(resource.scheduledBackups, key, { spec: { suspend: true } });
  const status = (await api.get<KubeObject & { status?: object }>(resource.scheduledBackups, key))?.status;
  expect(status).toMatchObject({
    lastCheckTime: expect.any(String),
    lastScheduleTime: expect.any(String),
    nextScheduleTime: expect.any(String),
  });
});

test('retention removes what the policy no longer keeps: data, WAL and Backup objects', async () => {
  const key = { namespace: namespace.name, name: 'source' };
  await api.patch(resource.clusters, key, { metadata: { annotations: { 'howdah.dev/retention-count': '1' } } });
  const left = await waitFor(
    'one backup left',
    async () => {
      const children = await childrenOf('often');
      return children.length === 1 && children[0]?.status?.phase === 'completed' ? children : undefined;
    },
    { timeout: 60_000 },
  );
  const id = left[0]?.status?.backupId ?? '';
  await waitFor('the report', async () => {
    const { policy, kept = [] } = (await getCluster(api, key.namespace, key.name))?.status?.howdah?.retention ?? {};
    return policy === 'at least 1 backups' && kept.join() === `${id}: newest` ? true : undefined;
  });
  const directory = `${namespace.name}/base/`;
  const client = s3Client(platform.objectStore);
  try {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: directory }));
    const stored = new Set(Contents.map(({ Key = '' }) => Key.slice(directory.length).split('/')[0]));
    expect([...stored]).toEqual([id]);
  } finally {
    client.destroy();
  }
});

test('a cluster whose store is named by the Barman Cloud plugin archives, is backed up on schedule, and restores', async () => {
  const plugin = { name: 'barman-cloud.cloudnative-pg.io' };
  const parameters = { barmanObjectName: 'store', serverName: `${namespace.name}-plugin` };
  const section = objectStoreSection(platform.objectStore);
  await api.create<KubeObject & { spec: object }>(resource.objectStores, {
    apiVersion: 'barmancloud.cnpg.io/v1',
    kind: 'ObjectStore',
    metadata: { name: 'store', namespace: namespace.name },
    spec: { configuration: { ...section, data: { immediateCheckpoint: true } }, retentionPolicy: '7d' },
  });
  const spec = { instances: 1, imageName: platform.image(18), storage: { size: '1Gi' } };
  const manifest = (name: string, more: object): ClusterObject => ({
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'Cluster',
    metadata: { name, namespace: namespace.name },
    spec: { ...spec, ...more },
  });
  await api.create(
    resource.clusters,
    manifest('modern', { plugins: [{ ...plugin, isWALArchiver: true, parameters }] }),
  );
  await api.create(
    resource.scheduledBackups,
    schedule('modern', {
      schedule: '@yearly',
      immediate: true,
      cluster: { name: 'modern' },
      method: 'plugin',
      pluginConfiguration: plugin,
    }),
  );
  const backup = await waitFor(
    'the backup',
    async () =>
      (await childrenOf('modern')).find(({ status }) => ['completed', 'failed'].includes(status?.phase ?? '')),
    { timeout: 120_000 },
  );
  expect(backup.status?.error).toBeUndefined();
  expect(backup.status).toMatchObject({ phase: 'completed', method: 'plugin' });
  const cluster = await getCluster(api, namespace.name, 'modern');
  expect(cluster?.status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'ContinuousArchiving', status: 'True' }),
  );
  await waitFor('the recovery window of the server', async () => {
    const store = await api.get<KubeObject & { status?: { serverRecoveryWindow?: Record<string, object> } }>(
      resource.objectStores,
      { namespace: namespace.name, name: 'store' },
    );
    return store?.status?.serverRecoveryWindow?.[parameters.serverName];
  });
  await api.create(
    resource.clusters,
    manifest('again', {
      bootstrap: { recovery: { source: 'modern' } },
      externalClusters: [{ name: 'modern', plugin: { ...plugin, parameters } }],
    }),
  );
  await waitForCluster(api, namespace.name, 'again', isHealthy, 'the restored instance');
});

test('a plugin that is none of ours is refused by name', async () => {
  const key = { namespace: namespace.name, name: 'source' };
  const refused = api.patch(resource.clusters, key, { spec: { plugins: [{ name: 'other.example.com' }] } });
  await expect(refused).rejects.toThrow(
    'spec.plugins[0].name: "other.example.com": not supported by this version of Howdah; allowed: barman-cloud.cloudnative-pg.io',
  );
});

test('a typo in a schedule is refused with the field and what is allowed', async () => {
  const refused = api.create(resource.scheduledBackups, schedule('typo', { schedule: '0 0 25 * * *' }));
  await expect(refused).rejects.toThrow('spec.schedule: "0 0 25 * * *": hour: 25 is not from 0 to 23');
});
