import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { resource } from '../src/kube/resource-types.ts';
import type { Secret } from '../src/kube/objects.ts';
import { type ClusterObject, instancePods, isHealthy, sample, waitForCluster } from './support/cluster.ts';
import { openNamespace, openShared } from './support/shared.ts';
import { connect, connectionConfig } from './support/sql.ts';
import { waitFor } from './support/wait.ts';
import { WriteLoad, lostAndFound } from './support/write-load.ts';

const platform = openShared();
let namespace: Awaited<ReturnType<typeof openNamespace>>;

beforeAll(async () => {
  namespace = await openNamespace(platform, 'provision');
  const cluster = await sample<ClusterObject>('cluster-minimal.yaml');
  await platform.api.create(resource.clusters, {
    ...cluster,
    metadata: { name: 'pg', namespace: namespace.name },
    spec: { ...cluster.spec, instances: 3, imageName: platform.image(18) },
  });
  await waitForCluster(platform.api, namespace.name, 'pg', isHealthy, 'three ready instances');
});

afterAll(async () => {
  await namespace?.[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

test('what is written through -rw is on all three instances, and -ro leads to standbys only', async () => {
  const rw = () => connectionConfig(platform.api, { namespace: namespace.name, cluster: 'pg', to: 'rw' });
  const load = await WriteLoad.start(rw);
  await waitFor('500 commits', async () => (load.count >= 500 ? true : undefined));
  const report = await load.stop();
  for (const pod of await instancePods(platform.api, namespace.name, 'pg')) {
    await waitFor(`all rows on ${pod.metadata?.name}`, async () => {
      const to = { instance: pod.metadata?.name ?? '' };
      await using session = await connect(platform.api, { namespace: namespace.name, cluster: 'pg', to });
      const found = await lostAndFound(session, report);
      expect(found.unknown).toEqual([]);
      return found.lost.length === 0 ? true : undefined;
    });
  }
  await using standby = await connect(platform.api, { namespace: namespace.name, cluster: 'pg', to: 'ro' });
  const { rows } = await standby.query('select pg_is_in_recovery() as standby');
  expect(rows).toEqual([{ standby: true }]);
  await expect(standby.query('create table refused (id int)')).rejects.toThrow(/read-only/);
});

test('the application Secret holds the keys that CloudNativePG users read', async () => {
  const secret = await platform.api.get<Secret>(resource.secrets, { namespace: namespace.name, name: 'pg-app' });
  expect(Object.keys(secret?.data ?? {}).sort()).toEqual(
    [
      'dbname',
      'fqdn-jdbc-uri',
      'fqdn-uri',
      'host',
      'jdbc-uri',
      'password',
      'pgpass',
      'port',
      'uri',
      'user',
      'username',
    ].sort(),
  );
  expect(secret?.type).toBe('kubernetes.io/basic-auth');
});

test('a pod that is deleted comes back on its volume with its data', async () => {
  const [pod] = (await instancePods(platform.api, namespace.name, 'pg')).filter(
    (candidate) => candidate.metadata?.labels?.['cnpg.io/instanceRole'] === 'replica',
  );
  const name = pod?.metadata?.name ?? '';
  await platform.api.delete(resource.pods, { namespace: namespace.name, name });
  await waitFor('a new pod of that name', async () => {
    const found = await platform.api.get(resource.pods, { namespace: namespace.name, name });
    return found && found.metadata?.uid !== pod?.metadata?.uid ? true : undefined;
  });
  await waitForCluster(platform.api, namespace.name, 'pg', isHealthy, 'three ready instances again');
  await using session = await connect(platform.api, {
    namespace: namespace.name,
    cluster: 'pg',
    to: { instance: name },
  });
  const { rows } = await session.query(`select count(*)::int as rows from load`);
  expect(rows[0]?.rows).toBeGreaterThanOrEqual(500);
});
