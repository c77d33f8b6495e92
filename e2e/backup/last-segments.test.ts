import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { resource } from '../../src/kube/resource-types.ts';
import {
  type BackupObject,
  clusterManifest,
  type ClusterObject,
  instancePods,
  isHealthy,
  objectStoreSection,
  waitForBackup,
  waitForCluster,
} from '../support/cluster.ts';
import { openNamespace, openShared } from '../support/shared.ts';
import { connect, fingerprint } from '../support/sql.ts';
import { waitFor } from '../support/wait.ts';

const platform = openShared();
const { api } = platform;
let namespace: Awaited<ReturnType<typeof openNamespace>>;

beforeAll(async () => {
  namespace = await openNamespace(platform, 'last-segments');
});
afterAll(async () => {
  await namespace?.[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

const section = (serverName: string) => ({ ...objectStoreSection(platform.objectStore), serverName });
const manifest = (name: string, spec: Record<string, unknown>): ClusterObject =>
  clusterManifest(platform, namespace.name, name, spec);
const key = (name: string) => ({ namespace: namespace.name, name });

/** All pods have gone. */
const gone = (cluster: string): Promise<true> =>
  waitFor('the instances to be gone', async () =>
    (await instancePods(api, namespace.name, cluster)).length === 0 ? (true as const) : undefined,
  );

test.each<[string, (cluster: string) => Promise<unknown>]>([
  [
    'hibernation',
    (cluster) =>
      api.patch(resource.clusters, key(cluster), { metadata: { annotations: { 'cnpg.io/hibernation': 'on' } } }),
  ],
  ['deletion of the cluster', (cluster) => api.delete(resource.clusters, key(cluster))],
])('F15 what was committed right before a %s is restored from the archive', async (what, stop) => {
  const name = what === 'hibernation' ? 'asleep' : 'deleted';
  const archive = `${namespace.name}-${name}`;
  await api.create(
    resource.clusters,
    manifest(name, { instances: 2, backup: { barmanObjectStore: section(archive) } }),
  );
  await waitForCluster(api, namespace.name, name, isHealthy, 'two ready instances');
  await api.create<BackupObject>(resource.backups, {
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'Backup',
    metadata: key(name),
    spec: { cluster: { name } },
  });
  expect((await waitForBackup(api, namespace.name, name)).status).toMatchObject({ phase: 'completed' });
  const committed = await (async () => {
    await using session = await connect(api, { namespace: namespace.name, cluster: name, to: 'rw' });
    await session.query('create table ledger as select i, md5(i::text) as note from generate_series(1, 10000) i');
    return await fingerprint(session, 'ledger');
  })();
  await stop(name);
  await gone(name);
  await api.create(
    resource.clusters,
    manifest(`${name}-again`, {
      bootstrap: { recovery: { source: 'origin' } },
      externalClusters: [{ name: 'origin', barmanObjectStore: section(archive) }],
    }),
  );
  await waitForCluster(api, namespace.name, `${name}-again`, isHealthy, 'the restored instance');
  await using restored = await connect(api, { namespace: namespace.name, cluster: `${name}-again`, to: 'rw' });
  expect(await fingerprint(restored, 'ledger')).toEqual(committed);
});
