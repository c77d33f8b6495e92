import { HeadObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { resource } from '../../src/kube/resource-types.ts';
import { s3Client } from '../support/bucket.ts';
import {
  backupManifest,
  bucket,
  clusterManifest,
  type ClusterObject,
  getCluster,
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

/** The segment size of the source whose archive others try to share. */
const shared = 16;
const serverName = (segment: number): string => `${namespace.name}-${segment}`;
const section = (endpointURL: string, segment: number) => ({
  ...objectStoreSection(platform.objectStore),
  endpointURL,
  serverName: serverName(segment),
});
const manifest = (name: string, spec: Record<string, unknown>): ClusterObject =>
  clusterManifest(platform, namespace.name, name, spec);

beforeAll(async () => {
  namespace = await openNamespace(platform, 'archive-failover');
  proxy = await storeProxy(platform.objectStore.endpoint);
});

afterAll(async () => {
  await namespace?.[Symbol.asyncDispose]();
  await proxy?.[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

const source = (segment: number): string => `source-${segment}`;

async function provision(segment: number): Promise<void> {
  await api.create(
    resource.clusters,
    manifest(source(segment), {
      instances: 2,
      enableSuperuserAccess: true,
      bootstrap: { initdb: { walSegmentSize: segment } },
      // Some for the files that PostgreSQL keeps of 64 MiB each.
      storage: { size: '3Gi' },
      backup: {
        barmanObjectStore: { ...section(proxy.endpoint, segment), wal: { compression: 'zstd', maxParallel: 4 } },
      },
    }),
  );
  await waitForCluster(api, namespace.name, source(segment), isHealthy, 'two ready instances');
}

/** Whatever PostgreSQL has asked to be archived up to now. */
async function archived(cluster: string): Promise<void> {
  // A Kubernetes needs a moment to lead -rw to another pod.
  await using session = await waitFor('the primary behind -rw', () =>
    connect(api, { namespace: namespace.name, cluster, to: 'rw', as: 'superuser' }),
  );
  const { rows: segment } = await session.query<{ name: string }>('select pg_walfile_name(pg_switch_wal()) as name');
  await waitFor(
    'the new timeline in the archive',
    async () => {
      const found = await session.query<{ last: string | null }>(
        'select last_archived_wal as last from pg_stat_archiver',
      );
      return (found.rows[0]?.last ?? '') >= (segment[0]?.name ?? '') ? true : undefined;
    },
    { timeout: 180_000 },
  );
}

/** The primary and its volume are gone for good, at once. */
async function loseThePrimary(name: string): Promise<void> {
  const key = { namespace: namespace.name, name };
  const old = (await api.get<ClusterObject>(resource.clusters, key))?.status?.currentPrimary ?? '';
  await api.delete(resource.persistentVolumeClaims, { namespace: namespace.name, name: old }).catch(() => undefined);
  await api.delete(resource.pods, { namespace: namespace.name, name: old }, { gracePeriodSeconds: 0 });
  await waitFor('another primary', async () => {
    const found = await api.get<ClusterObject>(resource.clusters, key);
    return found?.status?.currentPrimary !== old ? found : undefined;
  });
}

// F9: what the dead primary could not ship is nowhere but in the standby's pg_wal. F16: whatever the size of a segment.
test.each([
  [1, 'refuses'],
  [16, 'refuses'],
  [64, 'blackhole'],
] as const)(
  'segments of %i MiB: the archive is away, then the primary: a restore into that window has every row',
  async (segment, how) => {
    await provision(segment);
    const target = { namespace: namespace.name, cluster: source(segment), to: 'rw' } as const;
    await using admin = await connect(api, { ...target, as: 'superuser' });
    await using session = await connect(api, target);
    const { rows: size } = await session.query(
      "select setting::int / 1048576 as mib from pg_settings where name = 'wal_segment_size'",
    );
    expect(size).toEqual([{ mib: segment }]);
    await session.query('create table ledger (id int primary key, note text)');
    const backup = `first-${segment}`;
    await api.create(resource.backups, backupManifest({ name: backup, namespace: namespace.name }, source(segment)));
    expect((await waitForBackup(api, namespace.name, backup)).status).toMatchObject({ phase: 'completed' });

    proxy.behave(how);
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
    await loseThePrimary(source(segment));
    proxy.behave('passes');
    await archived(source(segment));

    const restored = `restored-${segment}`;
    await api.create(
      resource.clusters,
      manifest(restored, {
        bootstrap: { recovery: { source: 'origin', recoveryTarget: { targetTime: rows[0]?.at } } },
        externalClusters: [{ name: 'origin', barmanObjectStore: section(platform.objectStore.endpoint, segment) }],
      }),
    );
    await waitForCluster(api, namespace.name, restored, isHealthy, 'the restored instance');
    await using copy = await connect(api, { ...target, cluster: restored });
    expect(await fingerprint(copy, 'ledger')).toEqual(moment);
    for (const name of segment === shared ? [restored] : [restored, source(segment)]) {
      await api.delete(resource.clusters, { namespace: namespace.name, name });
    }
  },
);

const condition = (cluster: ClusterObject) =>
  cluster.status?.conditions?.find(({ type }) => type === 'ContinuousArchiving');

// F14: who came first keeps the archive, and nothing of the other one is in it.
test('a second cluster on the same prefix is refused, and says so; the first one goes on', async () => {
  await api.create(
    resource.clusters,
    manifest('stranger', { backup: { barmanObjectStore: section(proxy.endpoint, shared) } }),
  );
  await waitForCluster(
    api,
    namespace.name,
    'stranger',
    (found) => condition(found)?.status === 'False' && /Expected empty archive/.test(condition(found)?.message ?? ''),
    'the refusal',
  );
  await archived(source(shared));
  const first = await getCluster(api, namespace.name, source(shared));
  expect(first && condition(first)).toMatchObject({ status: 'True' });
  const client = s3Client(platform.objectStore);
  try {
    const Prefix = `${serverName(shared)}/wals/`;
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix }));
    const systems = new Set<string | undefined>();
    for (const { Key } of Contents) {
      const { Metadata } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key }));
      if (Metadata?.['sha256'] !== undefined) systems.add(Metadata['system-identifier']);
    }
    expect([...systems]).toEqual([expect.stringMatching(/^\d+$/)]);
  } finally {
    client.destroy();
  }
});

test('of two clusters that begin on one prefix at once, one has it and the other says so', async () => {
  const serverName = `${namespace.name}-race`;
  const names = ['one', 'other'];
  for (const name of names) {
    const barmanObjectStore = { ...objectStoreSection(platform.objectStore), serverName };
    await api.create(resource.clusters, manifest(name, { backup: { barmanObjectStore } }));
  }
  const ends = await Promise.all(
    names.map((name) =>
      waitForCluster(api, namespace.name, name, (found) => condition(found) !== undefined, 'a word of its archive'),
    ),
  );
  const told = ends.map((cluster) => `${condition(cluster)?.status} ${condition(cluster)?.message}`).sort();
  expect(told).toEqual([
    expect.stringMatching(/^False .*Expected empty archive/),
    'True Continuous archiving is working',
  ]);
});
