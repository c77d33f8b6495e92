// The archive is away while roles change: it holds up nobody, and what it misses comes later.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { resource } from '../../src/kube/resource-types.ts';
import { s3Client } from '../support/bucket.ts';
import { type BackupObject, bucket, objectStoreSection, waitForBackup } from '../support/cluster.ts';
import { signal } from '../support/faults/processes.ts';
import { type StoreProxy, storeProxy } from '../support/faults/store-proxy.ts';
import { modes, Scenario } from '../support/scenario.ts';
import { openShared } from '../support/shared.ts';
import { waitFor } from '../support/wait.ts';

describe.each(modes)('%s', (mode) => {
  const platform = openShared();
  const name = `archive-${mode.slice(0, 4)}`;
  let proxy: StoreProxy;
  let scenario: Scenario;
  beforeAll(async () => {
    proxy = await storeProxy(platform.objectStore.endpoint);
    const store = objectStoreSection({ ...platform.objectStore, endpoint: proxy.endpoint });
    // A prefix of its own: the bucket is everybody's.
    store['serverName'] = `${name}-${Date.now().toString(36)}`;
    scenario = await Scenario.open(platform, {
      name,
      mode,
      spec: { backup: { barmanObjectStore: store }, enableSuperuserAccess: true },
    });
  });
  beforeEach(() => scenario.healthy());
  afterAll(async () => {
    await scenario?.[Symbol.asyncDispose]();
    await proxy?.[Symbol.asyncDispose]();
  });

  /** Every segment up to now is in the archive, by PostgreSQL's own bookkeeping. */
  async function archived(): Promise<void> {
    await using session = await scenario.session('rw', 'superuser');
    await session.query('select pg_switch_wal()');
    const waiting = "select count(*)::int as files from pg_ls_archive_statusdir() where name like '%.ready'";
    await waitFor(
      'the archive to have everything',
      async () => ((await session.query<{ files: number }>(waiting)).rows[0]?.files === 0 ? true : undefined),
      { timeout: 120_000, every: 500 },
    );
  }

  /** Somebody streams from the primary, so that it can hand over. */
  const streamed = (): Promise<true> =>
    waitFor('a standby that streams', async () => {
      await using session = await scenario.session('rw', 'superuser');
      const { rows } = await session.query("select from pg_stat_replication where state = 'streaming'");
      return rows.length > 0 ? true : undefined;
    });

  async function keys(): Promise<string[]> {
    const client = s3Client(platform.objectStore);
    try {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
      return Contents.map(({ Key = '' }) => Key).filter((key) => key.includes(name));
    } finally {
      client.destroy();
    }
  }

  test.each([
    ['refuses', 'F19 the archive refuses: a switchover is not held up'],
    ['blackhole', 'F19 the archive says nothing: a switchover is not held up'],
    ['blackhole', 'F19 the archive says nothing when the primary pod is deleted: a failover is not held up'],
  ] as const)('%s: %s', async (how, title) => {
    const [target = ''] = await scenario.standbys();
    const planned = title.includes('switchover');
    const { before, after } = await scenario.under(title, {
      do: async (primary) => {
        proxy.behave(how);
        await (planned ? scenario.switchOver(target) : scenario.deletePod(primary));
        await scenario.anotherPrimary(primary);
        await waitFor('a write to the new primary, the archive being as it was', async () => {
          await using session = await scenario.session();
          return await session.query('create table if not exists without_the_archive ()');
        });
        proxy.behave('passes');
      },
    });
    if (planned) expect(after).toBe(target);
    else expect(after).not.toBe(before);
    await archived();
  });

  test('F11 the third instance is restarted in the middle of a failover, with all that the old primary wrote in the archive: it follows', async () => {
    const [third = ''] = await scenario.standbys();
    const { before, after } = await scenario.under('third restarted', {
      do: async (primary) => {
        // Ends with a shutdown checkpoint, which is archived on the timeline that is left.
        await scenario.deletePod(primary);
        await signal(scenario.pod(third), 'postgres', 'KILL');
        await scenario.anotherPrimary(primary);
      },
    });
    expect(after).not.toBe(before);
    await archived();
  });

  test('F9 F10 two failovers with the archive down: two timelines, whose histories and segments are all there afterwards', async () => {
    const { epochs } = await scenario.under('two failovers without an archive', {
      do: async () => {
        proxy.behave('refuses');
        for (let time = 0; time < 2; time += 1) {
          const primary = await scenario.primary();
          await using session = await scenario.session('rw', 'superuser');
          await session.query('select pg_switch_wal()');
          await scenario.deletePod(primary);
          await scenario.anotherPrimary(primary);
          await streamed();
        }
        proxy.behave('passes');
      },
    });
    expect(epochs[1] - epochs[0]).toBeGreaterThanOrEqual(2);
    await archived();
    const history = epochs[1].toString(16).toUpperCase().padStart(8, '0');
    await waitFor(`history of timeline ${epochs[1]} in the archive`, async () =>
      (await keys()).some((key) => key.includes(`${history}.history`)) ? true : undefined,
    );
  });

  test('the primary is lost while a backup runs: the backup ends, well or with its reason, and the next one is good', async () => {
    const { namespace } = scenario;
    const make = (backup: string): Promise<unknown> =>
      platform.api.create<BackupObject>(resource.backups, {
        apiVersion: 'postgresql.cnpg.io/v1',
        kind: 'Backup',
        metadata: { name: backup, namespace },
        spec: { cluster: { name: scenario.cluster }, method: 'barmanObjectStore' },
      });
    const phase = async (): Promise<string | undefined> =>
      (await platform.api.get<BackupObject>(resource.backups, { namespace, name: 'interrupted' }))?.status?.phase;
    await scenario.under('failover during a backup', {
      do: async (primary) => {
        // What is to be stored takes much longer so than another primary does.
        proxy.behave({ does: 'dawdles', bytesPerSecond: 4096, to: ({ url }) => url.includes('/base/') });
        await make('interrupted');
        await waitFor('the backup to run', async () => ((await phase()) === 'running' ? true : undefined));
        await scenario.deletePod(primary);
        await scenario.anotherPrimary(primary);
        expect(['running', 'failed']).toContain(await phase());
        proxy.behave('passes');
      },
    });
    const interrupted = await waitForBackup(platform.api, namespace, 'interrupted');
    if (interrupted.status?.phase === 'failed') expect(interrupted.status.error).toBeTruthy();
    await make('afterwards');
    expect((await waitForBackup(platform.api, namespace, 'afterwards')).status?.phase).toBe('completed');
  });
});
