import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Secret } from '../src/kube/objects.ts';
import { KubeError } from '../src/kube/errors.ts';
import type { KubeObject } from '../src/kube/types.ts';
import { resource } from '../src/kube/resource-types.ts';
import {
  clusterManifest,
  type ClusterObject,
  getCluster,
  isHealthy,
  objectStoreSection,
  waitForCluster,
} from './support/cluster.ts';
import { openNamespace, openShared } from './support/shared.ts';
import { waitFor } from './support/wait.ts';

interface ScheduledBackup extends KubeObject {
  status?: { error?: string };
}

const platform = openShared();
const { api } = platform;
let namespace: Awaited<ReturnType<typeof openNamespace>>;

beforeAll(async () => {
  namespace = await openNamespace(platform, 'bad');
});
afterAll(async () => {
  await namespace?.[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

const manifest = (name: string, spec: Record<string, unknown>): ClusterObject =>
  clusterManifest(platform, namespace.name, name, spec);

/** The message with which a manifest is refused: by the API server, or by the operator in the status. */
async function refusal(name: string, spec: Record<string, unknown>): Promise<string> {
  try {
    await api.create(resource.clusters, manifest(name, spec));
  } catch (error) {
    if (error instanceof KubeError) return error.message;
    throw error;
  }
  const cluster = await waitFor(`a refusal of ${name}`, async () => {
    const found = await getCluster(api, namespace.name, name);
    return found?.status?.phase === 'Invalid cluster definition' ? found : undefined;
  });
  return cluster.status?.phaseReason ?? '';
}

const store = (more: object) => ({
  backup: { barmanObjectStore: { ...objectStoreSection(platform.objectStore), ...more } },
});
const recovery = (recoveryTarget: object) => ({
  bootstrap: { recovery: { source: 'x', recoveryTarget } },
  externalClusters: [{ name: 'x', barmanObjectStore: objectStoreSection(platform.objectStore) }],
});

test.each<[string, Record<string, unknown>, RegExp]>([
  ['no-instance', { instances: 0 }, /spec\.instances.*0/],
  ['bad-quantity', { storage: { size: 'plenty' } }, /spec\.storage\.size.*plenty/],
  ['no-storage', { storage: {} }, /spec\.storage/],
  ['blocked-parameter', { postgresql: { parameters: { port: '5433' } } }, /spec\.postgresql\.parameters.*port/],
  [
    'unsupported',
    { replica: { enabled: true, source: 'x' } },
    /spec\.replica.*not supported by this version of Howdah/,
  ],
  ['two-bootstraps', { bootstrap: { initdb: {}, recovery: { source: 'x' } } }, /spec\.bootstrap/],
  ['Upper-Case', {}, /metadata\.name|Upper-Case/],
  ['retention', { backup: { retentionPolicy: '30 days' } }, /spec\.backup\.retentionPolicy.*(30d|dwm)/],
  ['compression', store({ wal: { compression: 'rar' } }), /spec\.backup\.barmanObjectStore\.wal\.compression.*gzip/],
  [
    'not-written',
    store({ data: { compression: 'bzip2' } }),
    /spec\.backup\.barmanObjectStore\.data\.compression.*allowed: gzip, lz4 or snappy/,
  ],
  [
    'azure',
    {
      backup: { barmanObjectStore: { destinationPath: 'https://a/b', azureCredentials: { inheritFromAzureAD: true } } },
    },
    /spec\.backup\.barmanObjectStore\.azureCredentials.*allowed: s3Credentials/,
  ],
  ['snapshots', { backup: { volumeSnapshot: { className: 'c' } } }, /spec\.backup\.volumeSnapshot.*allowed: barman/],
  [
    'time',
    recovery({ targetTime: 'noon' }),
    /spec\.bootstrap\.recovery\.recoveryTarget\.targetTime.*noon.*such as 2026-11-23T15:04:05Z/,
  ],
  [
    'two-targets',
    recovery({ targetTime: '2026-11-23T15:04:05Z', targetLSN: '0/1' }),
    /spec\.bootstrap\.recovery\.recoveryTarget.*only one of targetTime/,
  ],
  [
    'name-alone',
    recovery({ targetName: 'x' }),
    /spec\.bootstrap\.recovery\.recoveryTarget\.backupID.*must be set with targetName/,
  ],
])('%s is refused with a message that names the field', async (name, spec, message) => {
  expect(await refusal(name, spec)).toMatch(message);
});

test('a schedule that cannot be read is refused with the field and what it may be', async () => {
  const scheduled = {
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'ScheduledBackup',
    metadata: { name: 'typo', namespace: namespace.name },
    spec: { cluster: { name: 'forbidden' }, schedule: '0 0 25 * * *' },
  };
  const key = { namespace: namespace.name, name: 'typo' };
  const message = await api.create<ScheduledBackup>(resource.scheduledBackups, scheduled).then(
    () =>
      waitFor('the refusal of the schedule', async () => {
        const found = await api.get<ScheduledBackup>(resource.scheduledBackups, key);
        return found?.status?.error;
      }),
    (error: unknown) => String(error),
  );
  expect(message).toMatch(/spec\.schedule.*25.*0.*23/s);
});

test('a cluster whose object store Secret is missing says which, and goes on when it is there', async () => {
  const section = objectStoreSection(platform.objectStore);
  await api.create(
    resource.clusters,
    manifest('forbidden', {
      backup: {
        barmanObjectStore: {
          ...section,
          serverName: `${namespace.name}-forbidden`,
          s3Credentials: {
            accessKeyId: { name: 'no-such-secret', key: 'ID' },
            secretAccessKey: { name: 'no-such-secret', key: 'KEY' },
          },
        },
      },
    }),
  );
  await waitForCluster(api, namespace.name, 'forbidden', isHealthy, 'a ready instance');
  const failing = await waitForCluster(
    api,
    namespace.name,
    'forbidden',
    (cluster) =>
      cluster.status?.conditions?.some((c) => c.type === 'ContinuousArchiving' && c.status === 'False') === true,
    'a failing archive',
  );
  const condition = failing.status?.conditions?.find((c) => c.type === 'ContinuousArchiving');
  expect(condition?.message).toContain('no-such-secret');

  await api.create<Secret>(resource.secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'no-such-secret', namespace: namespace.name },
    stringData: { ID: platform.objectStore.accessKeyId, KEY: platform.objectStore.secretAccessKey },
  });
  await waitForCluster(
    api,
    namespace.name,
    'forbidden',
    (cluster) =>
      cluster.status?.conditions?.some((c) => c.type === 'ContinuousArchiving' && c.status === 'True') === true,
    'a working archive',
  );
});
