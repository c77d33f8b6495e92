import { alreadyExists } from '../../src/kube/errors.ts';
import type { KubeApi } from '../../src/kube/port.ts';
import { resource } from '../../src/kube/resource-types.ts';
import type { KubeObject, ResourceType } from '../../src/kube/types.ts';
import {
  backupManifest,
  clusterManifest,
  instancePods,
  isHealthy,
  objectStoreSection,
  waitForBackup,
  waitForCluster,
} from '../support/cluster.ts';
import { connect, fingerprint } from '../support/sql.ts';
import type { Subject } from '../support/subject.ts';
import { waitFor } from '../support/wait.ts';

/** A table as it was at a moment when nobody wrote. */
export interface Moment {
  readonly at: string;
  readonly table: string;
  readonly rows: number;
  readonly digest: string;
}

/** The archive of one subject, whose name in the store is its namespace's. */
export const archiveSection = (subject: Pick<Subject, 'platform' | 'namespace'>): Record<string, unknown> => ({
  ...objectStoreSection(subject.platform.objectStore),
  serverName: subject.namespace,
});

/** The operator, whose webhooks are asked, may just be on its way back from a fault. */
async function create<T extends KubeObject>(api: KubeApi, type: ResourceType, object: T): Promise<void> {
  const taken = async (): Promise<true> => {
    await api.create<T>(type, object).catch((error: unknown) => {
      if (!alreadyExists(error)) throw error;
    });
    return true;
  };
  await waitFor(`${type.kind} ${object.metadata?.name} to be taken`, taken, { every: 500 });
}

export async function requestBackup({ platform, namespace, cluster }: Subject, name: string): Promise<void> {
  await create(platform.api, resource.backups, backupManifest({ name, namespace }, cluster));
}

/** Waits for its end; what became of it in a word, and with its reason if it failed. */
export async function outcomeOf({ platform, namespace }: Subject, name: string): Promise<string> {
  const { status } = await waitForBackup(platform.api, namespace, name, 180_000);
  if (status?.phase === 'completed') return 'completed';
  if (!status?.error) throw new Error(`backup ${name} has failed and does not say why`);
  return `failed: ${status.error}`;
}

/** In a healthy cluster one that does not complete is an error. */
export async function quietBackup(subject: Subject, name: string): Promise<void> {
  await requestBackup(subject, name);
  const outcome = await outcomeOf(subject, name);
  if (outcome !== 'completed') throw new Error(`backup ${name}, while nothing was wrong: ${outcome}`);
}

/** Takes down what a table holds now, when nobody writes, and waits until the archive reaches beyond it. */
export async function remember(subject: Subject, table: string): Promise<Moment> {
  await using session = await subject.session('rw', 'app');
  const seen = await fingerprint(session, table);
  const { rows } = await session.query<{ at: string }>('select clock_timestamp()::text as at');
  // A restore to a time needs a commit after it.
  await session.query('create table if not exists afterwards (at timestamptz)');
  await session.query('insert into afterwards values (clock_timestamp())');
  await using admin = await subject.session('rw', 'superuser');
  await admin.query('select pg_switch_wal()');
  const waiting = "select count(*)::int as files from pg_ls_archive_statusdir() where name like '%.ready'";
  await waitFor(
    'the archive to have everything',
    async () => ((await admin.query<{ files: number }>(waiting)).rows[0]?.files === 0 ? true : undefined),
    { timeout: 180_000, every: 500 },
  );
  return { at: rows[0]?.at ?? '', table, ...seen };
}

/** Restores to the moment into a cluster of its own, compares, and deletes it with all that belongs to it. */
export async function restoreTo(subject: Subject, moment: Moment, name: string): Promise<void> {
  const { platform, namespace } = subject;
  const { api } = platform;
  await create(
    api,
    resource.clusters,
    clusterManifest(platform, namespace, name, {
      bootstrap: { recovery: { source: 'origin', recoveryTarget: { targetTime: moment.at } } },
      externalClusters: [{ name: 'origin', barmanObjectStore: archiveSection(subject) }],
    }),
  );
  await waitForCluster(api, namespace, name, isHealthy, 'the restored instance', 300_000);
  {
    await using session = await connect(api, { namespace, cluster: name, to: 'rw' });
    const { rows, digest } = await fingerprint(session, moment.table);
    if (rows !== moment.rows || digest !== moment.digest) {
      throw new Error(`restored to ${moment.at}: ${rows} rows of ${moment.table} where there were ${moment.rows}`);
    }
  }
  await api.delete(resource.clusters, { namespace, name });
  await waitFor(`cluster ${name} to be gone`, async () => {
    const { items } = await api.list(resource.persistentVolumeClaims, { namespace });
    const left = items.filter(({ metadata }) => metadata?.name?.startsWith(`${name}-`));
    return left.length === 0 && (await instancePods(api, namespace, name)).length === 0 ? true : undefined;
  });
}
