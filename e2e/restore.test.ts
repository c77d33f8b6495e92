import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { resource } from '../src/kube/resource-types.ts';
import {
  backupManifest,
  clusterManifest,
  type ClusterObject,
  isHealthy,
  objectStoreSection,
  waitForBackup,
  waitForCluster,
} from './support/cluster.ts';
import { openNamespace, openShared } from './support/shared.ts';
import { type Session, connect, fingerprint } from './support/sql.ts';
import { waitFor } from './support/wait.ts';

const platform = openShared();
const { api } = platform;
let namespace: Awaited<ReturnType<typeof openNamespace>>;

const manifest = (name: string, spec: Record<string, unknown>): ClusterObject =>
  clusterManifest(platform, namespace.name, name, spec);

beforeAll(async () => {
  namespace = await openNamespace(platform, 'restore');
  await api.create(
    resource.clusters,
    manifest('source', {
      instances: 2,
      enableSuperuserAccess: true,
      // The namespace's own name, so that the archive is new in every run.
      backup: { barmanObjectStore: { ...objectStoreSection(platform.objectStore), serverName: namespace.name } },
    }),
  );
  await waitForCluster(api, namespace.name, 'source', isHealthy, 'two ready instances');
});

afterAll(async () => {
  await namespace?.[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

const source = (): Promise<Session> => connect(api, { namespace: namespace.name, cluster: 'source', to: 'rw' });

/** Forces the current segment into the archive and waits until it is there. */
async function archiveNow(): Promise<void> {
  await using admin = await connect(api, { namespace: namespace.name, cluster: 'source', to: 'rw', as: 'superuser' });
  const { rows } = await admin.query<{ segment: string }>('select pg_walfile_name(pg_switch_wal()) as segment');
  await waitFor(`segment ${rows[0]?.segment} in the archive`, async () => {
    const archived = await admin.query<{ last: string | null }>(
      'select last_archived_wal as last from pg_stat_archiver',
    );
    return (archived.rows[0]?.last ?? '') >= (rows[0]?.segment ?? '') ? true : undefined;
  });
}

async function now(session: Session): Promise<string> {
  const { rows } = await session.query<{ at: string }>('select clock_timestamp()::text as at');
  return rows[0]?.at ?? '';
}

test('a backup from a standby, then restores to two moments after it: each holds exactly the rows of its moment', async () => {
  await using session = await source();
  await session.query('create table ledger (id int primary key, note text)');
  await session.query(`insert into ledger select i, md5(i::text) from generate_series(1, 1000) i`);
  await api.create(resource.backups, backupManifest({ name: 'first', namespace: namespace.name }, 'source'));
  const backup = await waitForBackup(api, namespace.name, 'first');
  expect(backup.status).toMatchObject({ phase: 'completed', instanceID: { podName: 'source-2' } });

  const moments = [];
  for (const round of [1, 2]) {
    await session.query(`update ledger set note = md5(note) where id % 7 = $1`, [round]);
    await session.query(`insert into ledger select i, 'round' from generate_series($1::int, $1::int + 499) i`, [
      1000 * round + 1,
    ]);
    moments.push({ at: await now(session), ...(await fingerprint(session, 'ledger')) });
    await sleep(20);
  }
  await session.query('drop table ledger');
  await archiveNow();

  for (const [index, moment] of moments.entries()) {
    const name = `restored-${index + 1}`;
    await api.create(
      resource.clusters,
      manifest(name, {
        bootstrap: { recovery: { source: 'source', recoveryTarget: { targetTime: moment.at } } },
        externalClusters: [
          {
            name: 'source',
            barmanObjectStore: { ...objectStoreSection(platform.objectStore), serverName: namespace.name },
          },
        ],
      }),
    );
    await waitForCluster(api, namespace.name, name, isHealthy, 'the restored instance');
    await using restored = await connect(api, { namespace: namespace.name, cluster: name, to: 'rw' });
    expect(await fingerprint(restored, 'ledger')).toEqual({ rows: moment.rows, digest: moment.digest });
    await restored.query(`insert into ledger values (0, 'writable')`);
  }
});

test('a restore to a moment that the archive does not reach fails and says so', async () => {
  await api.create(
    resource.clusters,
    manifest('too-late', {
      bootstrap: { recovery: { source: 'source', recoveryTarget: { targetTime: '2999-01-01T00:00:00Z' } } },
      externalClusters: [
        {
          name: 'source',
          barmanObjectStore: { ...objectStoreSection(platform.objectStore), serverName: namespace.name },
        },
      ],
    }),
  );
  const cluster = await waitFor(
    'a clear end',
    async () => {
      const found = await api.get<ClusterObject>(resource.clusters, { namespace: namespace.name, name: 'too-late' });
      return found?.status?.phase === 'Cluster is unrecoverable and needs manual intervention' ? found : undefined;
    },
    { timeout: 120_000 },
  );
  expect(cluster.status?.phaseReason).toMatch(/targetTime: 2999-01-01 00:00:00\+00:00 is a time that has not come yet/);
});
