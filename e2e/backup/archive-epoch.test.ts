import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Pod } from '../../src/kube/objects.ts';
import { resource } from '../../src/kube/resource-types.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { s3Client } from '../support/bucket.ts';
import {
  bucket,
  type ClusterObject,
  createCluster,
  getCluster,
  isHealthy,
  objectStoreSection,
  waitForCluster,
} from '../support/cluster.ts';
import { openNamespace, openShared } from '../support/shared.ts';
import { connect } from '../support/sql.ts';
import { waitFor } from '../support/wait.ts';

const platform = openShared();
const { api } = platform;
let namespace: Awaited<ReturnType<typeof openNamespace>>;
let s3: S3Client;

interface Marker {
  readonly systemIdentifier: string;
  readonly epoch?: number;
  readonly instance?: string;
}
const at = () => ({ Bucket: bucket, Key: `${namespace.name}/howdah-owner.json` });
const marker = async (): Promise<Marker> => {
  const { Body } = await s3.send(new GetObjectCommand(at()));
  return JSON.parse((await Body?.transformToString()) ?? '') as Marker;
};
const target = () => ({ namespace: namespace.name, cluster: 'source', to: 'rw', as: 'superuser' }) as const;

beforeAll(async () => {
  namespace = await openNamespace(platform, 'archive-epoch');
  s3 = s3Client(platform.objectStore);
  await createCluster(platform, namespace.name, 'source', {
    instances: 2,
    enableSuperuserAccess: true,
    backup: { barmanObjectStore: { ...objectStoreSection(platform.objectStore), serverName: namespace.name } },
  });
  await waitForCluster(api, namespace.name, 'source', isHealthy, 'two ready instances');
});

afterAll(async () => {
  s3?.destroy();
  await namespace?.[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

const archiving = (cluster: ClusterObject | undefined) =>
  cluster?.status?.conditions?.find(({ type }) => type === 'ContinuousArchiving');

// F12, F14: the API of this cluster was restored from an old copy, or another life of it goes on somewhere else.
test('an archive that a higher epoch writes to is left alone, and the next primary begins above it', async () => {
  await waitForCluster(api, namespace.name, 'source', (found) => archiving(found)?.status === 'True', 'archiving');
  const own = await marker();
  const before = await getCluster(api, namespace.name, 'source');
  expect(own).toMatchObject({ epoch: 1, instance: before?.status?.currentPrimary });

  const foreign = { ...own, epoch: 40, instance: 'source-9' };
  await s3.send(new PutObjectCommand({ ...at(), Body: JSON.stringify(foreign) }));
  await using session = await connect(api, target());
  await session.query('create table ledger (id int)');
  await session.query('select pg_switch_wal()');
  const alarmed = await waitForCluster(
    api,
    namespace.name,
    'source',
    (found) => archiving(found)?.message?.includes('is written by "source-9" in epoch 40') === true,
    'the alarm',
  );
  expect(archiving(alarmed)?.status).toBe('False');
  expect(await marker()).toEqual(foreign);
  const events = await waitFor('the event', async () => {
    const { items } = await api.list<KubeObject & { reason?: string }>(resource.events, { namespace: namespace.name });
    const found = items.filter(({ reason }) => reason === 'WalArchiveNotOurs');
    return found.length > 0 ? found : undefined;
  });
  expect(events.length).toBeGreaterThan(0);

  // A manager that has just started looks into the archive at once.
  const old = before?.status?.currentPrimary ?? '';
  const standby = before?.status?.instanceNames?.find((instance) => instance !== old) ?? '';
  const uid = async (): Promise<string | undefined> => {
    const pod = await api.get<Pod>(resource.pods, { namespace: namespace.name, name: standby });
    return pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
      ? pod.metadata?.uid
      : undefined;
  };
  const first = await uid();
  await api.delete(resource.pods, { namespace: namespace.name, name: standby });
  await waitFor('the standby again', async () => ![undefined, first].includes(await uid()) || undefined);
  await waitForCluster(api, namespace.name, 'source', isHealthy, 'two ready instances again');
  // Without a second its token is void before it has given the lease back, and it goes on when it is made again.
  await api.delete(resource.pods, { namespace: namespace.name, name: old }, { gracePeriodSeconds: 1 });
  const after = await waitForCluster(
    api,
    namespace.name,
    'source',
    ({ status }) => status?.currentPrimary !== old && (status?.timelineID ?? 0) > 1,
    'another primary',
  );
  expect(after.status?.timelineID).toBeGreaterThanOrEqual(41);
  await waitForCluster(
    api,
    namespace.name,
    'source',
    (found) => archiving(found)?.status === 'True',
    'archiving again',
  );
  expect(await marker()).toMatchObject({ epoch: after.status?.timelineID, instance: after.status?.currentPrimary });
});
