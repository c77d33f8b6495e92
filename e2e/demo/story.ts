// The story of the demo: a cluster is applied, written to, backed up, loses its primary, loses a table by mistake, and the table comes
// back as it was at a moment on the other side of the failover.
import { setTimeout as sleep } from 'node:timers/promises';
import { createBucket } from '../support/bucket.ts';
import {
  type BackupObject,
  type ClusterObject,
  createNamespace,
  getCluster,
  hasPrimary,
  isHealthy,
  objectStoreSection,
  sample,
  waitForBackup,
  waitForCluster,
} from '../support/cluster.ts';
import { settled } from '../support/faults/settled.ts';
import type { Platform } from '../support/platform.ts';
import { connect, connectionConfig, fingerprint } from '../support/sql.ts';
import { waitFor } from '../support/wait.ts';
import { WriteLoad, lostAndFound } from '../support/write-load.ts';
import { resource } from '../../src/kube/resource-types.ts';
import type { Narrator } from './narrator.ts';

const clusterName = 'cluster-example';
const restoredName = 'cluster-restore';

interface Moment {
  readonly at: string;
  readonly timeline: number;
  readonly rows: number;
  readonly digest: string;
}

/** Plays the story in `namespace`; throws when anything that it claims does not hold. */
export async function play(platform: Platform, namespace: string, narrator: Narrator): Promise<void> {
  const { api } = platform;
  await narrator.step('bucket and credentials', async () => {
    await createBucket(platform.objectStore);
    await createNamespace(platform, namespace);
  });
  await provision(platform, namespace, narrator);

  const rw = () => connectionConfig(api, { namespace, cluster: clusterName, to: 'rw' });
  const load = await WriteLoad.start(rw, { table: 'orders' });
  await narrator.step(
    'writing through the -rw service',
    () => waitFor('200 commits', async () => (load.count >= 200 ? load.count : undefined)),
    (rows) => `${rows} commits acknowledged so far`,
  );
  const backup = await narrator.step(
    'base backup, while writes go on',
    () => backUp(platform, namespace),
    ({ status }) => status?.backupId ?? '',
  );
  await killPrimary(platform, namespace, narrator, load);
  const report = await load.stop();
  await checkReplicas(platform, namespace, narrator, report);
  const moment = await narrator.step(
    'a mistake: DROP TABLE orders',
    () => dropByMistake(platform, namespace),
    (found) => `${found.rows} rows were there at ${found.at}`,
  );
  await restore(platform, namespace, narrator, { ...moment, backedUpOn: timelineOf(backup.status?.beginWal) });
}

async function provision(platform: Platform, namespace: string, narrator: Narrator): Promise<void> {
  const { api } = platform;
  const cluster = await sample<ClusterObject>('cluster-example.yaml');
  cluster.metadata = { ...cluster.metadata, namespace };
  cluster.spec = {
    ...cluster.spec,
    imageName: platform.image(18),
    backup: { barmanObjectStore: objectStoreSection(platform.objectStore) },
  };
  await api.create(resource.clusters, cluster);
  await narrator.step('applied → primary writable', async () => {
    await waitForCluster(api, namespace, clusterName, hasPrimary, 'a primary');
    await waitFor('a session through -rw that writes', async () => {
      await using session = await connect(api, { namespace, cluster: clusterName, to: 'rw' });
      const { rows } = await session.query('select pg_is_in_recovery() as standby');
      return rows[0]?.standby === false ? true : undefined;
    });
  });
  await narrator.step('… → three instances ready and replicating', () =>
    waitForCluster(api, namespace, clusterName, isHealthy, 'three ready instances'),
  );
}

async function backUp(platform: Platform, namespace: string): Promise<BackupObject> {
  const backup = await sample<BackupObject>('backup-example.yaml');
  backup.metadata = { ...backup.metadata, namespace };
  await platform.api.create(resource.backups, backup);
  const ended = await waitForBackup(platform.api, namespace, 'backup-example');
  if (ended.status?.phase !== 'completed') throw new Error(`the backup failed: ${ended.status?.error}`);
  return ended;
}

/** The writers know nothing of it: they connect to the -rw service again until it leads them to the new primary. */
async function killPrimary(platform: Platform, namespace: string, narrator: Narrator, load: WriteLoad): Promise<void> {
  const { api } = platform;
  const primary = async (): Promise<string> =>
    (await getCluster(api, namespace, clusterName))?.status?.currentPrimary ?? '';
  const before = await primary();
  load.measureGap();
  await narrator.step(
    `the primary, ${before}, is killed under load`,
    async () => {
      await api.delete(resource.pods, { namespace, name: before }, { gracePeriodSeconds: 1 });
      const after = await waitFor('another primary', async () => {
        const now = await primary();
        return now === before ? undefined : now;
      });
      const since = load.count;
      await waitFor('100 commits on it', async () => (load.count > since + 100 ? true : undefined));
      return after;
    },
    (after) => `${after} took over, ${Math.round(load.longestGap)} ms without an acknowledged write`,
  );
  await narrator.step('… → the old primary follows the new one', () => settled(platform, namespace, clusterName));
}

type Report = Awaited<ReturnType<WriteLoad['stop']>>;

async function checkReplicas(platform: Platform, namespace: string, narrator: Narrator, report: Report): Promise<void> {
  const { api } = platform;
  await narrator.step(
    'every acknowledged row on all three instances',
    async () => {
      for (const serial of [1, 2, 3]) {
        await waitFor(`all rows on instance ${serial}`, async () => {
          const to = { instance: `${clusterName}-${serial}` };
          await using session = await connect(api, { namespace, cluster: clusterName, to });
          const { lost, twice, unknown } = await lostAndFound(session, report, 'orders');
          if (twice.length > 0) throw new Error(`rows that are there twice: ${twice.slice(0, 5).join(', ')}`);
          if (unknown.length > 0) throw new Error(`rows that nobody wrote: ${unknown.slice(0, 5).join(', ')}`);
          return lost.length === 0 ? true : undefined;
        });
      }
    },
    () => `${report.acknowledged.size} acknowledged writes, 0 lost, none twice`,
  );
}

/** The first eight digits of a WAL file's name. */
const timelineOf = (segment = ''): number => Number.parseInt(segment.slice(0, 8), 16);

/** Notes what is in the table and when, then drops it. */
async function dropByMistake(platform: Platform, namespace: string): Promise<Moment> {
  await using session = await connect(platform.api, { namespace, cluster: clusterName, to: 'rw' });
  const { rows, digest } = await fingerprint(session, 'orders');
  const clock = await session.query<{ at: string }>(
    `select to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`,
  );
  const segment = await session.query<{ name: string }>('select pg_walfile_name(pg_current_wal_lsn()) as name');
  await sleep(50);
  await session.query('drop table orders');
  await session.query('create table after_the_mistake (id int)');
  return { at: clock.rows[0]?.at ?? '', timeline: timelineOf(segment.rows[0]?.name), rows, digest };
}

async function restore(
  platform: Platform,
  namespace: string,
  narrator: Narrator,
  moment: Moment & { readonly backedUpOn: number },
): Promise<void> {
  const { api } = platform;
  if (!(moment.timeline > moment.backedUpOn)) throw new Error('no failover lies between the backup and the moment');
  const cluster = await sample<ClusterObject>('cluster-restore.yaml');
  cluster.metadata = { ...cluster.metadata, namespace };
  cluster.spec = {
    ...cluster.spec,
    imageName: platform.image(18),
    bootstrap: { recovery: { source: clusterName, recoveryTarget: { targetTime: moment.at } } },
    externalClusters: [{ name: clusterName, barmanObjectStore: objectStoreSection(platform.objectStore) }],
  };
  await narrator.step('the WAL of that moment is in the archive', () => waitForArchive(platform, namespace));
  await api.create(resource.clusters, cluster);
  await narrator.step(
    `restore to ${moment.at} into a new cluster`,
    () => waitForCluster(api, namespace, restoredName, isHealthy, 'the restored instance'),
    () => `across the failover: backed up on timeline ${moment.backedUpOn}, restored to timeline ${moment.timeline}`,
  );
  await narrator.step(
    'row count and hashes compared',
    async () => {
      await using session = await connect(api, { namespace, cluster: restoredName, to: 'rw' });
      const found = await fingerprint(session, 'orders');
      if (found.rows !== moment.rows || found.digest !== moment.digest) {
        throw new Error(
          `wanted ${moment.rows} rows (${moment.digest}), the restored table has ${found.rows} (${found.digest})`,
        );
      }
      const later = await session.query(`select to_regclass('after_the_mistake') as found`);
      if (later.rows[0]?.found !== null)
        throw new Error('the restored cluster holds a table made after the moment asked for');
      return found;
    },
    (found) => `${found.rows} rows, digest ${found.digest}, equal`,
  );
}

/** archive_timeout switches the segment; pg_stat_archiver says when it is away. */
async function waitForArchive(platform: Platform, namespace: string): Promise<void> {
  await using session = await connect(platform.api, { namespace, cluster: clusterName, to: 'rw' });
  const { rows } = await session.query<{ segment: string }>('select pg_walfile_name(pg_current_wal_lsn()) as segment');
  const segment = rows[0]?.segment ?? '';
  await waitFor(`segment ${segment} in the archive`, async () => {
    const archived = await session.query<{ last: string | null }>(
      'select last_archived_wal as last from pg_stat_archiver',
    );
    return (archived.rows[0]?.last ?? '') >= segment ? true : undefined;
  });
}
