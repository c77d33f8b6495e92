// The object store of a running cluster fails in the ways in which stores and the way to them do fail. Each time: the cluster says what
// is wrong when it cannot go on, and afterwards the archive has no hole, nothing damaged, and nothing of a backup that failed.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Secret } from '../../src/kube/objects.ts';
import { resource } from '../../src/kube/resource-types.ts';
import { type RunningObjectStore, openObjectStore } from '../../src/local/objectstore/run.ts';
import { s3Client } from '../support/bucket.ts';
import {
  backupManifest,
  type BackupObject,
  bucket,
  clusterManifest,
  type ClusterObject,
  credentialsSecret,
  getCluster,
  isHealthy,
  objectStoreSection,
  waitForBackup,
  waitForCluster,
} from '../support/cluster.ts';
import { type StoreBehaviour, type StoreProxy, storeProxy } from '../support/faults/store-proxy.ts';
import { openNamespace, openShared } from '../support/shared.ts';
import { type Session, connect, fingerprint } from '../support/sql.ts';
import { waitFor } from '../support/wait.ts';
import { stored, walProblems } from './support/archive-content.ts';

const platform = openShared();
const { api } = platform;
const address = new URL(platform.objectStore.endpoint).hostname;
const releases = new AsyncDisposableStack();
let namespace: Awaited<ReturnType<typeof openNamespace>>;
let proxy: StoreProxy;
let session: Session;
let admin: Session;

/** The test's own store, that it can take away, turn the clock of, and lock. */
let dataDir: string;
let store: RunningObjectStore;
let credentials = { accessKeyId: 'first', secretAccessKey: 'first-secret' };

async function restart(change: { now?: () => number } = {}): Promise<void> {
  await store?.[Symbol.asyncDispose]();
  store = await openObjectStore({ dataDir, address, port: 0, credentials, buckets: [bucket], ...change });
  proxy?.leadTo(store.endpoint);
}

async function tellCredentials(): Promise<void> {
  const { accessKeyId, secretAccessKey } = credentials;
  const stringData = { ACCESS_KEY_ID: accessKeyId, ACCESS_SECRET_KEY: secretAccessKey };
  await api.patch<Secret>(resource.secrets, { namespace: namespace.name, name: credentialsSecret }, { stringData });
}

const section = () => ({
  ...objectStoreSection({ endpoint: proxy.endpoint, ...credentials }),
  serverName: 'source',
  wal: { compression: 'gzip', maxParallel: 4 },
  data: { compression: 'gzip', immediateCheckpoint: true },
});
const manifest = (name: string, spec: Record<string, unknown>): ClusterObject =>
  clusterManifest(platform, namespace.name, name, spec);

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'howdah-s3-'));
  releases.defer(() => rm(dataDir, { recursive: true, force: true }));
  await restart();
  releases.defer(() => store[Symbol.asyncDispose]());
  proxy = releases.use(await storeProxy(store.endpoint));
  releases.use(platform);
  namespace = releases.use(await openNamespace(platform, 'store-faults'));
  await tellCredentials();
  await api.create(
    resource.clusters,
    manifest('source', { enableSuperuserAccess: true, backup: { barmanObjectStore: section() } }),
  );
  await waitForCluster(api, namespace.name, 'source', isHealthy, 'one ready instance');
  const target = { namespace: namespace.name, cluster: 'source', to: 'rw' } as const;
  session = releases.use(await connect(api, target));
  admin = releases.use(await connect(api, { ...target, as: 'superuser' }));
  await session.query('create table ledger (id serial primary key, note text)');
});
afterAll(() => releases.disposeAsync());

/** Some rows that do not compress well, in a segment of their own; PostgreSQL's archiver tries again, too, when there is a new one. */
async function write(): Promise<void> {
  await session.query('insert into ledger (note) select md5(random()::text) from generate_series(1, 20000)');
  await admin.query('select pg_switch_wal()');
}

const condition = (cluster: ClusterObject | undefined) =>
  cluster?.status?.conditions?.find(({ type }) => type === 'ContinuousArchiving');

const said = (status: string, message: RegExp): Promise<true> =>
  waitFor(
    `ContinuousArchiving ${status} with ${message.source}`,
    async () => {
      const found = condition(await getCluster(api, namespace.name, 'source'));
      if (found?.status === status && message.test(found.message ?? '')) return true;
      await write();
      return undefined;
    },
    { timeout: 150_000, every: 5000 },
  );

async function archived(): Promise<void> {
  await said('True', /working/);
  const waiting = "select count(*)::int as files from pg_ls_archive_statusdir() where name like '%.ready'";
  await waitFor(
    'the archive to have everything',
    async () => ((await admin.query<{ files: number }>(waiting)).rows[0]?.files === 0 ? true : undefined),
    { timeout: 150_000, every: 500 },
  );
}

let count = 0;
async function backup(): Promise<string> {
  const name = `backup-${(count += 1)}`;
  await api.create(resource.backups, backupManifest({ name, namespace: namespace.name }, 'source'));
  return name;
}

const completed: string[] = [];
async function completes(name: string): Promise<void> {
  const { status } = await waitForBackup(api, namespace.name, name, 180_000);
  expect(status).toMatchObject({ phase: 'completed' });
  completed.push(status?.backupId ?? '');
}

const seen = new Set<string>();
async function isWhole(): Promise<void> {
  const client = s3Client({ endpoint: store.endpoint, ...credentials });
  try {
    const place = { client, bucket, server: 'source' };
    expect(await walProblems(place, seen)).toEqual([]);
    expect(await stored(place)).toEqual({ backups: completed.toSorted(), uploads: 0 });
  } finally {
    client.destroy();
  }
  const { rows } = await admin.query(
    'select (select count(*) from pg_replication_slots)::int as slots, (select count(*) from pg_stat_replication)::int as sessions',
  );
  expect(rows).toEqual([{ slots: 0, sessions: 0 }]);
}

let turn = 0;
const ofBase = ({ url }: { url: string }): boolean => url.includes('/base/');
const puts = ({ method }: { method: string }): boolean => method === 'PUT';

test.each<[string, StoreBehaviour]>([
  ['every other answer is 503', { does: 'answers', status: 503, code: 'SlowDown', to: () => (turn += 1) % 2 === 0 }],
  [
    'a storm of 503 over the backup',
    { does: 'answers', status: 503, code: 'SlowDown', retryAfter: 1, times: 8, to: ofBase },
  ],
  ['the store is slow', { does: 'dawdles', bytesPerSecond: 2 << 20 }],
  ['uploads are reset in the middle', { does: 'resets-upload', after: 5000, to: puts, times: 6 }],
])('%s: archive and backup come through', async (_, how) => {
  proxy.behave(how);
  try {
    const name = await backup();
    for (let round = 0; round < 3; round += 1) await write();
    await completes(name);
    await archived();
    expect(proxy.happened).toBeGreaterThan(0);
  } finally {
    proxy.behave('passes');
  }
  await isWhole();
});

test('the clocks differ by an hour: archive and backup come through', async () => {
  await restart({ now: () => Date.now() + 3_600_000 });
  const name = await backup();
  for (let round = 0; round < 3; round += 1) await write();
  await completes(name);
  await archived();
  await restart();
  await isWhole();
});

interface Lasting {
  readonly begin: () => Promise<void>;
  readonly end: () => Promise<void>;
}
const mischief = (how: StoreBehaviour): Lasting => ({
  begin: async () => proxy.behave(how),
  end: async () => proxy.behave('passes'),
});
/** Another store without the bucket. */
const bucketGone = (): Lasting => {
  const empty = new AsyncDisposableStack();
  return {
    async begin() {
      const directory = await mkdtemp(path.join(tmpdir(), 'howdah-s3-'));
      empty.defer(() => rm(directory, { recursive: true, force: true }));
      const other = empty.use(await openObjectStore({ dataDir: directory, address, port: 0, credentials }));
      proxy.leadTo(other.endpoint);
    },
    async end() {
      proxy.leadTo(store.endpoint);
      await empty.disposeAsync();
    },
  };
};
const rotated: Lasting = {
  async begin() {
    credentials = { accessKeyId: 'second', secretAccessKey: 'second-secret' };
    await restart();
  },
  end: tellCredentials,
};

test.each<[string, Lasting, RegExp]>([
  ['a storm of 503', mischief({ does: 'answers', status: 503, code: 'SlowDown', retryAfter: 1 }), /SlowDown.*HTTP 503/],
  ['every upload is reset', mischief({ does: 'resets-upload', after: 100, to: puts }), /put ".*: (ECONNRESET|EPIPE)/],
  ['access is denied', mischief({ does: 'answers', status: 403, code: 'AccessDenied' }), /AccessDenied/],
  ['the bucket is gone', bucketGone(), /NoSuchBucket/],
  ['the credentials are changed', rotated, /InvalidAccessKeyId/],
])(
  '%s: the cluster says so, a backup waits, and both go on by themselves when the cause is gone',
  async (_, fault, message) => {
    await fault.begin();
    let name = '';
    try {
      await write();
      await said('False', message);
      name = await backup();
      await waitFor('the backup to say what it waits for', async () => {
        const found = await api.get<BackupObject>(resource.backups, { namespace: namespace.name, name });
        return found?.status?.phase === 'walArchivingFailing' ? true : undefined;
      });
    } finally {
      await fault.end();
    }
    await archived();
    await completes(name);
    await isWhole();
  },
);

test('a restore whose store denies access says so in the status, and goes on when it does not any more', async () => {
  const moment = await fingerprint(session, 'ledger');
  const { rows } = await session.query<{ at: string }>('select clock_timestamp()::text as at');
  await session.query('truncate ledger');
  await write();
  await archived();
  proxy.behave({ does: 'answers', status: 403, code: 'AccessDenied' });
  try {
    await api.create(
      resource.clusters,
      manifest('restored', {
        bootstrap: { recovery: { source: 'source', recoveryTarget: { targetTime: rows[0]?.at } } },
        externalClusters: [{ name: 'source', barmanObjectStore: section() }],
      }),
    );
    await waitFor('a word of it', async () => {
      const { status } = (await getCluster(api, namespace.name, 'restored')) ?? {};
      return status?.phaseReason?.includes('AccessDenied') ? true : undefined;
    });
  } finally {
    proxy.behave('passes');
  }
  await waitForCluster(api, namespace.name, 'restored', isHealthy, 'the restored instance', 180_000);
  await using restored = await connect(api, { namespace: namespace.name, cluster: 'restored', to: 'rw' });
  expect(await fingerprint(restored, 'ledger')).toEqual(moment);
});
