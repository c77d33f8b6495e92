import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { resource } from '../../src/kube/resource-types.ts';
import {
  backupManifest,
  createCluster,
  getCluster,
  isHealthy,
  objectStoreSection,
  waitForBackup,
  waitForCluster,
} from '../support/cluster.ts';
import { openNamespace, openShared } from '../support/shared.ts';
import { connect } from '../support/sql.ts';
import { waitFor } from '../support/wait.ts';

const platform = openShared();
const { api } = platform;
let namespace: Awaited<ReturnType<typeof openNamespace>>;

beforeAll(async () => {
  namespace = await openNamespace(platform, 'drill');
  await createCluster(platform, namespace.name, 'source', {
    backup: { barmanObjectStore: { ...objectStoreSection(platform.objectStore), serverName: namespace.name } },
  });
  await waitForCluster(api, namespace.name, 'source', isHealthy, 'one ready instance');
});

afterAll(async () => {
  await namespace?.[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

test('a drill restores the newest backup, checks all of it, says how long that took, and leaves nothing behind', async () => {
  const key = { namespace: namespace.name, name: 'source' };
  await using session = await connect(api, { namespace: namespace.name, cluster: 'source', to: 'rw' });
  await session.query('create table ledger as select i as id, md5(i::text) as note from generate_series(1, 5000) i');
  await session.query('create unique index on ledger (id)');
  await api.create(resource.backups, backupManifest({ name: 'first', namespace: namespace.name }, 'source'));
  const backup = await waitForBackup(api, namespace.name, 'first');
  expect(backup.status?.phase).toBe('completed');
  const annotate = (value: string | null) =>
    api.patch(resource.clusters, key, { metadata: { annotations: { 'howdah.dev/restore-drill': value } } });
  await annotate('@every 1s');
  const drill = await waitFor(
    'the end of the drill',
    async () => {
      const found = (await getCluster(api, key.namespace, key.name))?.status?.howdah?.restoreDrill;
      return found?.phase === 'succeeded' || found?.phase === 'failed' ? found : undefined;
    },
    { timeout: 240_000 },
  );
  await annotate(null);
  expect(drill).toMatchObject({
    phase: 'succeeded',
    recoverySeconds: expect.any(Number),
    verification: { backupId: backup.status?.backupId, method: 'amcheck', problems: [] },
  });
  expect(drill.verification?.databases).toBeGreaterThanOrEqual(3);
  expect(drill.verification?.tables).toBeGreaterThan(200);
  expect(drill.verification?.indexes).toBeGreaterThan(200);
  await waitFor(
    'the throw-away to be gone',
    async () => ((await getCluster(api, key.namespace, 'source-drill')) === undefined ? true : undefined),
    { timeout: 120_000 },
  );
});

test('a drill that cannot be is refused with the field', async () => {
  const key = { namespace: namespace.name, name: 'source' };
  const refused = api.patch(resource.clusters, key, {
    metadata: { annotations: { 'howdah.dev/restore-drill': '0 0 25 * * *' } },
  });
  await expect(refused).rejects.toThrow(
    'metadata.annotations[howdah.dev/restore-drill]: "0 0 25 * * *": hour: 25 is not from 0 to 23',
  );
});
