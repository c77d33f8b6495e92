import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { resource } from '../../src/kube/resource-types.ts';
import {
  type BackupObject,
  type ClusterObject,
  isHealthy,
  objectStoreSection,
  waitForBackup,
  waitForCluster,
} from '../support/cluster.ts';
import { type StoreProxy, storeProxy } from '../support/faults/store-proxy.ts';
import { openNamespace, openShared } from '../support/shared.ts';
import { connect, fingerprint } from '../support/sql.ts';
import { waitFor } from '../support/wait.ts';

const platform = openShared();
const { api } = platform;
let namespace: Awaited<ReturnType<typeof openNamespace>>;
let proxy: StoreProxy;

const section = (endpointURL: string) => ({
  ...objectStoreSection(platform.objectStore),
  endpointURL,
  serverName: namespace.name,
});
const manifest = (name: string, spec: Record<string, unknown>): ClusterObject => ({
  apiVersion: 'postgresql.cnpg.io/v1',
  kind: 'Cluster',
  metadata: { name, namespace: namespace.name },
  spec: { instances: 1, imageName: platform.image(18), storage: { size: '1Gi' }, ...spec },
});

beforeAll(async () => {
  namespace = await openNamespace(platform, 'archive-failover');
  proxy = await storeProxy(platform.objectStore.endpoint);
  await api.create(
    resource.clusters,
    manifest('source', {
      instances: 2,
      enableSuperuserAccess: true,
      backup: { barmanObjectStore: { ...section(proxy.endpoint), wal: { compression: 'zstd', maxParallel: 4 } } },
    }),
  );
  await waitForCluster(api, namespace.name, 'source', isHealthy, 'two ready instances');
});

afterAll(async () => {
  await namespace?.[Symbol.asyncDispose]();
  await proxy?.[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

const target = () => ({ namespace: namespace.name, cluster: 'source', to: 'rw' }) as const;

// F9: what the dead primary could not ship is nowhere but in the standby's pg_wal.
test('the archive is away, then the primary: a restore into that window has every row', async () => {
  await using admin = await connect(api, { ...target(), as: 'superuser' });
  await using session = await connect(api, target());
  await session.query('create table ledger (id int primary key, note text)');
  await api.create<BackupObject>(resource.backups, {
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'Backup',
    metadata: { name: 'first', namespace: namespace.name },
    spec: { cluster: { name: 'source' } },
  });
  expect((await waitForBackup(api, namespace.name, 'first')).status).toMatchObject({ phase: 'completed' });

  proxy.behave('refuses');
  for (let round = 0; round < 6; round += 1) {
    await session.query(`insert into ledger select i, md5(i::text) from generate_series($1::int, $1::int + 999) i`, [
      round * 1000,
    ]);
    await admin.query('select pg_switch_wal()');
  }
  const moment = await fingerprint(session, 'ledger');
  const { rows } = await session.query<{ at: string }>('select clock_timestamp()::text as at');
  await session.query(`insert into ledger values (-1, 'later')`);
  const { rows: end } = await admin.query<{ lsn: string }>('select pg_current_wal_flush_lsn()::text as lsn');
  await waitFor('all of it on the standby', async () => {
    const { rows: caught } = await admin.query('select 1 from pg_stat_replication where replay_lsn >= $1::pg_lsn', [
      end[0]?.lsn,
    ]);
    return caught.length > 0 ? true : undefined;
  });
  const before = await api.get<ClusterObject>(resource.clusters, { namespace: namespace.name, name: 'source' });
  const old = before?.status?.currentPrimary ?? '';
  await api.delete(resource.persistentVolumeClaims, { namespace: namespace.name, name: old }).catch(() => undefined);
  await api.delete(resource.pods, { namespace: namespace.name, name: old }, { gracePeriodSeconds: 0 });
  await waitFor('another primary', async () => {
    const found = await api.get<ClusterObject>(resource.clusters, { namespace: namespace.name, name: 'source' });
    return found?.status?.currentPrimary !== old ? found : undefined;
  });
  proxy.behave('passes');
  await using after = await connect(api, { ...target(), as: 'superuser' });
  const { rows: segment } = await after.query<{ name: string }>('select pg_walfile_name(pg_switch_wal()) as name');
  await waitFor(
    'the new timeline in the archive',
    async () => {
      const archived = await after.query<{ last: string | null }>(
        'select last_archived_wal as last from pg_stat_archiver',
      );
      return (archived.rows[0]?.last ?? '') >= (segment[0]?.name ?? '') ? true : undefined;
    },
    { timeout: 180_000 },
  );

  await api.create(
    resource.clusters,
    manifest('restored', {
      bootstrap: { recovery: { source: 'source', recoveryTarget: { targetTime: rows[0]?.at } } },
      externalClusters: [{ name: 'source', barmanObjectStore: section(platform.objectStore.endpoint) }],
    }),
  );
  await waitForCluster(api, namespace.name, 'restored', isHealthy, 'the restored instance');
  await using restored = await connect(api, { ...target(), cluster: 'restored' });
  expect(await fingerprint(restored, 'ledger')).toEqual(moment);
});

test('a second cluster on the same prefix is refused, and says so', async () => {
  await api.create(resource.clusters, manifest('stranger', { backup: { barmanObjectStore: section(proxy.endpoint) } }));
  const cluster = await waitForCluster(
    api,
    namespace.name,
    'stranger',
    (found) =>
      (found.status?.conditions ?? []).some(
        ({ type, status, message }) =>
          type === 'ContinuousArchiving' && status === 'False' && (message ?? '').includes('Expected empty archive'),
      ),
    'the refusal',
  );
  expect(cluster.metadata?.name).toBe('stranger');
});
