import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { PersistentVolumeClaim } from '../../src/kube/objects.ts';
import { resource } from '../../src/kube/resource-types.ts';
import {
  backupManifest,
  type BackupObject,
  clusterManifest,
  type ClusterObject,
  isHealthy,
  objectStoreSection,
  waitForBackup,
  waitForCluster,
} from '../support/cluster.ts';
import { nodeFaults, nodeOf } from '../support/faults/nodes.ts';
import { inPod, stopStream } from '../support/faults/wal-stream.ts';
import { openNamespace, openShared } from '../support/shared.ts';
import { connect, fingerprint } from '../support/sql.ts';
import { waitFor } from '../support/wait.ts';

const platform = openShared();
const { api } = platform;
let namespace: Awaited<ReturnType<typeof openNamespace>>;

const section = () => ({ ...objectStoreSection(platform.objectStore), serverName: namespace.name });
const volume = (name: string, more: object = {}) => ({ name, storage: { size: '1Gi' }, ...more });
const manifest = (name: string, spec: Record<string, unknown>): ClusterObject =>
  clusterManifest(platform, namespace.name, name, spec);
const key = (name: string) => ({ namespace: namespace.name, name });
const session = (cluster: string, to: 'rw' | 'ro' = 'rw', as: 'app' | 'superuser' = 'superuser') =>
  connect(api, { namespace: namespace.name, cluster, to, as });

const nodes = nodeFaults();
if (!nodes)
  process.stdout.write(
    'an old primary with tablespaces SKIPPED here: nobody can switch off the nodes of this Kubernetes\n',
  );
const pod = (name: string) => ({ platform, namespace: namespace.name, pod: name });

type Status = ClusterObject['status'] & { tablespacesStatus?: { name: string; owner?: string; state: string }[] };
const reconciled = (found: ClusterObject, ...names: string[]): boolean => {
  const states = (found.status as Status | undefined)?.tablespacesStatus ?? [];
  return (
    states.length === names.length && states.every(({ name, state }) => names.includes(name) && state === 'reconciled')
  );
};

async function takeBackup(name: string, annotations: Record<string, string> = {}): Promise<void> {
  await api.create(resource.backups, backupManifest({ name, namespace: namespace.name }, 'source', annotations));
  const { phase, error } = (await waitForBackup(api, namespace.name, name)).status ?? {};
  expect([phase, error]).toEqual(['completed', undefined]);
}

beforeAll(async () => {
  namespace = await openNamespace(platform, 'tablespaces');
});
afterAll(async () => {
  await namespace?.[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

test('tablespaces on volumes of their own: made, on the replica, for temporary files, with their owner', async () => {
  await api.create(
    resource.clusters,
    manifest('source', {
      instances: 2,
      enableSuperuserAccess: true,
      tablespaces: [volume('fast'), volume('scratch', { temporary: true })],
      postgresql: { parameters: { summarize_wal: 'on' } },
      backup: { barmanObjectStore: section() },
    }),
  );
  await waitForCluster(api, namespace.name, 'source', isHealthy, 'two ready instances');
  await waitForCluster(
    api,
    namespace.name,
    'source',
    (found) => reconciled(found, 'fast', 'scratch'),
    'both tablespaces',
  );
  const { items } = await api.list<PersistentVolumeClaim>(resource.persistentVolumeClaims, {
    namespace: namespace.name,
  });
  expect(
    items
      .map(({ metadata }) => metadata?.name ?? '')
      .filter((name) => name.includes('-tbs-'))
      .sort(),
  ).toEqual(['source-1', 'source-2'].flatMap((name) => [`${name}-tbs-fast`, `${name}-tbs-scratch`]));
  await using app = await session('source', 'rw', 'app');
  await app.query('create table t tablespace fast as select i, md5(i::text) as note from generate_series(1, 5000) i');
  await app.query('set work_mem = 64');
  const { rows } = await app.query('show temp_tablespaces');
  expect(rows).toEqual([{ temp_tablespaces: '"scratch"' }]);
  await app.query('create temporary table own (i int)');
  const { rows: where } = await app.query<{ name: string }>(
    `select spcname as name from pg_class c join pg_tablespace s on s.oid = c.reltablespace where c.relname = 'own'`,
  );
  expect(where).toEqual([{ name: 'scratch' }]);
  await using replica = await session('source', 'ro', 'app');
  const wanted = await fingerprint(app, 't');
  await waitFor('the table on the replica', async () => {
    const found = await fingerprint(replica, 't').catch(() => undefined);
    return JSON.stringify(found) === JSON.stringify(wanted) ? true : undefined;
  });
});

test('a tablespace is added to a running cluster: replicas first, then the primary', async () => {
  await takeBackup('full');
  const tablespaces = [
    volume('fast'),
    volume('scratch', { temporary: true }),
    volume('Late_One', { owner: { name: 'postgres' } }),
  ];
  await api.patch(resource.clusters, key('source'), { spec: { tablespaces } });
  await waitForCluster(
    api,
    namespace.name,
    'source',
    (found) => isHealthy(found) && reconciled(found, 'fast', 'scratch', 'Late_One'),
    'the third tablespace',
    240_000,
  );
  await using admin = await session('source');
  await admin.query('create table late tablespace "Late_One" as select generate_series(1, 1000) as i');
  const { rows } = await admin.query(
    `select spcname as name, pg_get_userbyid(spcowner) as owner from pg_tablespace where oid > 16383 order by 1`,
  );
  expect(rows).toEqual([
    { name: 'Late_One', owner: 'postgres' },
    { name: 'fast', owner: 'app' },
    { name: 'scratch', owner: 'app' },
  ]);
  await expect(
    api.patch(resource.clusters, key('source'), { spec: { tablespaces: [volume('fast')] } }),
  ).rejects.toThrow('cannot be removed');
});

test('a restore brings tablespaces back on their volumes: from a chain, and over the moment one was made', async () => {
  await takeBackup('onwards', { 'howdah.dev/incremental-from': 'latest' });
  await using admin = await session('source');
  await using app = await session('source', 'rw', 'app');
  await app.query("insert into t select i, 'later' from generate_series(5001, 6000) i");
  const moments = await Promise.all([fingerprint(app, 't'), fingerprint(admin, 'late')]);
  const { rows } = await admin.query<{ name: string }>('select pg_walfile_name(pg_switch_wal()) as name');
  await waitFor('the WAL in the archive', async () => {
    const { rows: archived } = await admin.query<{ last: string | null }>(
      'select last_archived_wal as last from pg_stat_archiver',
    );
    return (archived[0]?.last ?? '') >= (rows[0]?.name ?? '') ? true : undefined;
  });
  const tablespaces = ['fast', 'scratch', 'Late_One'].map((name) => volume(name));
  const external = [{ name: 'source', barmanObjectStore: section() }];
  const first = await api.get<BackupObject>(resource.backups, key('full'));
  // The newest backup is the incremental one; the other one is older than the third tablespace.
  for (const [name, target] of [
    ['chained', {}],
    ['replayed', { recoveryTarget: { backupID: first?.status?.backupId } }],
  ] as const) {
    await api.create(
      resource.clusters,
      manifest(name, {
        enableSuperuserAccess: true,
        tablespaces,
        bootstrap: { recovery: { source: 'source', ...target } },
        externalClusters: external,
      }),
    );
  }
  await api.create(
    resource.clusters,
    manifest('bare', {
      tablespaces: [volume('fast')],
      bootstrap: { recovery: { source: 'source' } },
      externalClusters: external,
    }),
  );
  for (const name of ['chained', 'replayed']) {
    await waitForCluster(api, namespace.name, name, isHealthy, 'the restored instance', 240_000);
    await using restored = await session(name);
    await using data = await session(name, 'rw', 'app');
    expect(await Promise.all([fingerprint(data, 't'), fingerprint(restored, 'late')])).toEqual(moments);
    for (const [where, table, tablespace] of [
      [data, 't', 'fast'],
      [restored, 'late', 'Late_One'],
    ] as const) {
      const { rows: found } = await where.query('select tablespace from pg_tables where tablename = $1', [table]);
      expect(found).toEqual([{ tablespace }]);
    }
  }
  const refused = await waitFor('the refusal', async () => {
    const found = await api.get<ClusterObject>(resource.clusters, key('bare'));
    return (found?.status?.phaseReason ?? '').includes('spec.tablespaces') ? found : undefined;
  });
  expect(refused.status?.phaseReason).toContain('spec.tablespaces: must name "scratch", "Late_One"');
});

(nodes ? test : test.skip)(
  'an old primary that is made anew, or rewound where the image can do that, has its tablespaces, each in one directory',
  async () => {
    for (const name of ['chained', 'replayed', 'bare']) await api.delete(resource.clusters, key(name));
    const found = await api.get<ClusterObject>(resource.clusters, key('source'));
    const before = found?.status?.currentPrimary ?? '';
    // What is written from here on is on one disk only.
    await stopStream(pod(before), 'walsender');
    {
      await using lost = await session('source', 'rw', 'app');
      await lost.query("insert into t values (0, 'lost')");
    }
    {
      await using _off = await nodes?.powerOff(await nodeOf(pod(before)));
      await waitForCluster(
        api,
        namespace.name,
        'source',
        ({ status }) => status?.currentPrimary !== undefined && status.currentPrimary !== before,
        'another primary',
      );
    }
    await waitForCluster(api, namespace.name, 'source', isHealthy, 'two ready instances', 240_000);
    await using primary = await session('source', 'rw', 'app');
    await primary.query("insert into t values (0, 'kept')");
    const wanted = await fingerprint(primary, 't');
    await waitFor('the table on what was made anew', async () => {
      await using replica = await session('source', 'ro', 'app');
      return JSON.stringify(await fingerprint(replica, 't')) === JSON.stringify(wanted) ? true : undefined;
    });
    await waitFor('one directory for each tablespace', async () => {
      const listed = await inPod(pod(before), 'cd "${HOWDAH_ROOT:-}/var/lib/postgresql/tablespaces/fast"; ls -d */*');
      // One that was rewound has those of before; of one that was copied nothing of before is left.
      return /^data(-[0-9a-f]{8})?\/PG_18_\d+\n$/.test(listed) ? true : undefined;
    });
  },
);
