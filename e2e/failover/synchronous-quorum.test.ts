// Synchronous replication with `required`: whatever happens to the primary, no acknowledged commit is lost; the set of standbys follows
// the members step by step, and it is never empty.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Lease, Pod } from '../../src/kube/objects.ts';
import { resource } from '../../src/kube/resource-types.ts';
import { annotation } from '../../src/labels.ts';
import { powerOff, powerOn } from '../../src/local/node/stop.ts';
import { type ClusterObject, getCluster, instancePods, isHealthy, waitForCluster } from '../support/cluster.ts';
import { openNamespace, openShared, shared } from '../support/shared.ts';
import { connect, connectionConfig } from '../support/sql.ts';
import { waitFor } from '../support/wait.ts';
import { WriteLoad, lostAndFound } from '../support/write-load.ts';

const platform = openShared();
const { api } = platform;
const cluster = 'sync';
/** One that is stopped after a test that failed, too. */
const loads: WriteLoad[] = [];
let namespace: Awaited<ReturnType<typeof openNamespace>>;

interface Record {
  readonly epoch: number;
  readonly members: readonly { readonly instance: string }[];
  readonly configurations: readonly { readonly number: number; readonly names: readonly { instance: string }[] }[];
}

beforeAll(async () => {
  namespace = await openNamespace(platform, 'sync');
  await api.create<ClusterObject>(resource.clusters, {
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'Cluster',
    metadata: { name: cluster, namespace: namespace.name },
    spec: {
      instances: 3,
      imageName: platform.image(18),
      storage: { size: '1Gi' },
      postgresql: { synchronous: { method: 'any', number: 1 } },
    },
  });
});
afterAll(async () => {
  await Promise.all(loads.map((load) => load.stop()));
  await namespace?.[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

const key = () => ({ namespace: namespace.name, name: cluster });
const rw = (): { namespace: string; cluster: string; to: 'rw' } => ({ namespace: namespace.name, cluster, to: 'rw' });
const healthy = (): Promise<ClusterObject> => waitForCluster(api, namespace.name, cluster, isHealthy, 'health');
const primary = async (): Promise<string> =>
  (await getCluster(api, namespace.name, cluster))?.status?.currentPrimary ?? '';

async function record(): Promise<Record> {
  const lease = await api.get<Lease>(resource.leases, key());
  return JSON.parse(lease?.metadata?.annotations?.[annotation.lease] ?? '{}') as Record;
}

async function loaded({ table }: { table: string }): Promise<WriteLoad> {
  const load = await WriteLoad.start(() => connectionConfig(api, rw()), { table });
  loads.push(load);
  return load;
}

/** Waits until one configuration is in force, of all standbys that there are. */
const settled = (standbys: number): Promise<Record> =>
  waitFor(`a set of ${standbys} standbys`, async () => {
    const found = await record();
    const [configuration, ...others] = found.configurations;
    return others.length === 0 && configuration?.names.length === standbys ? found : undefined;
  });

/** Looks at the setting of whoever is primary, all the time. */
class Watch {
  readonly seen = new Set<string>();
  readonly #stop = new AbortController();
  readonly #running = this.#run();

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await using session = await connect(api, rw(), { connectionTimeoutMillis: 1000 });
        while (!this.#stop.signal.aborted) {
          const { rows } = await session.query<{ names: string }>(
            "select current_setting('synchronous_standby_names') as names where not pg_is_in_recovery()",
          );
          for (const { names } of rows) this.seen.add(names);
          await sleep(30);
        }
      } catch {
        await sleep(50);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

test('commits wait for a standby, and only those that the lease names count', async () => {
  await healthy();
  const { configurations, members } = await settled(2);
  expect(members).toHaveLength(3);
  expect(configurations[0]?.number).toBe(1);
  await using session = await connect(api, rw());
  const { rows } = await session.query<{ names: string }>(
    "select current_setting('synchronous_standby_names') as names",
  );
  // In the order in which they became members.
  expect(['ANY 1 ("sync-2","sync-3")', 'ANY 1 ("sync-3","sync-2")']).toContain(rows[0]?.names);
});

test('the node of the primary loses its power under load: the standbys elect one of them, and nothing acknowledged is lost', async () => {
  const before = await primary();
  await using watch = new Watch();
  const load = await loaded({ table: 'power' });
  await waitFor('writes', async () => (load.count > 100 ? true : undefined));
  const pod = await api.get<Pod>(resource.pods, { namespace: namespace.name, name: before });
  const node = { dataDir: shared().data ?? '', name: pod?.spec?.nodeName ?? '' };
  const local = platform.engine === 'local';
  if (local) await powerOff(node);
  else await api.delete(resource.pods, { namespace: namespace.name, name: before }, { gracePeriodSeconds: 1 });
  await waitFor('another primary', async () => ((await primary()) === before ? undefined : true));
  const since = load.count;
  await waitFor('writes afterwards', async () => (load.count > since + 100 ? true : undefined));
  if (local) await powerOn(node);
  await healthy();
  await settled(2);
  const report = await load.stop();
  process.stdout.write(
    `longest gap: ${Math.round(report.longestGap)} ms of ${report.acknowledged.size} acknowledged\n`,
  );
  await using session = await connect(api, rw());
  expect(await lostAndFound(session, report, 'power')).toMatchObject({ lost: [], unknown: [] });
  expect([...watch.seen].filter((names) => names === '')).toEqual([]);
});

test('an instance fewer: it leaves the set before it goes, and commits go on', async () => {
  await using watch = new Watch();
  const load = await loaded({ table: 'scaled' });
  await api.patch(resource.clusters, key(), { spec: { instances: 2 } });
  await waitFor('two instances', async () =>
    (await instancePods(api, namespace.name, cluster)).length === 2 ? true : undefined,
  );
  const { configurations } = await settled(1);
  await waitFor('two members', async () => ((await record()).members.length === 2 ? true : undefined));
  const since = load.count;
  await waitFor('writes afterwards', async () => (load.count > since + 100 ? true : undefined));
  const report = await load.stop();
  await using session = await connect(api, rw());
  expect(await lostAndFound(session, report, 'scaled')).toMatchObject({ lost: [], unknown: [] });
  expect([...watch.seen].filter((names) => names === '')).toEqual([]);
  const [left] = configurations[0]?.names ?? [];
  const { rows } = await session.query('show synchronous_standby_names');
  expect(rows).toEqual([{ synchronous_standby_names: `ANY 1 ("${left?.instance}")` }]);
});
