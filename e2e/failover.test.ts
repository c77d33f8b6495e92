// The primary goes away in every way that a process or a person can bring about, under a recorded write load. Each time there is one
// writable primary afterwards, on a timeline that is the lease's epoch, the old one follows it, and nothing acknowledged is lost where
// the old primary could say goodbye.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Lease, Pod } from '../src/kube/objects.ts';
import { resource } from '../src/kube/resource-types.ts';
import { annotation } from '../src/labels.ts';
import { operatorDeployment, operatorNamespace } from '../src/naming.ts';
import { powerOff, powerOn } from '../src/local/node/stop.ts';
import { type ClusterObject, getCluster, instancePods, isHealthy, waitForCluster } from './support/cluster.ts';
import { exec, killPostgres } from './support/exec.ts';
import { openNamespace, openShared, shared } from './support/shared.ts';
import { connect, connectionConfig } from './support/sql.ts';
import { waitFor } from './support/wait.ts';
import { WriteLoad, lostAndFound } from './support/write-load.ts';

const platform = openShared();
const { api } = platform;
const cluster = 'failover';
let namespace: Awaited<ReturnType<typeof openNamespace>>;
const gaps: string[] = [];

beforeAll(async () => {
  namespace = await openNamespace(platform, 'failover');
  await api.create<ClusterObject>(resource.clusters, {
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'Cluster',
    metadata: { name: cluster, namespace: namespace.name },
    spec: { instances: 3, imageName: platform.image(18), storage: { size: '1Gi' } },
  });
});
beforeEach(() => healthy());
afterAll(async () => {
  process.stdout.write(`longest gap between two acknowledged writes:\n${gaps.map((line) => `  ${line}\n`).join('')}`);
  await namespace?.[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

const healthy = (): Promise<ClusterObject> => waitForCluster(api, namespace.name, cluster, isHealthy, 'health');
const rw = (): { namespace: string; cluster: string; to: 'rw' } => ({ namespace: namespace.name, cluster, to: 'rw' });
const currentPrimary = async (): Promise<string> =>
  (await getCluster(api, namespace.name, cluster))?.status?.currentPrimary ?? '';

async function epoch(): Promise<number> {
  const lease = await api.get<Lease>(resource.leases, { namespace: namespace.name, name: cluster });
  return (JSON.parse(lease?.metadata?.annotations?.[annotation.lease] ?? '{}') as { epoch?: number }).epoch ?? 0;
}

/** Of each instance that answers: whether it is a standby, and the timeline it is on. */
async function roles(): Promise<{ name: string; standby: boolean }[]> {
  const pods = await instancePods(api, namespace.name, cluster);
  return Promise.all(
    pods.map(async ({ metadata }) => {
      const name = metadata?.name ?? '';
      await using session = await connect(api, { ...rw(), to: { instance: name } });
      const { rows } = await session.query<{ standby: boolean }>('select pg_is_in_recovery() as standby');
      return { name, standby: rows[0]?.standby ?? false };
    }),
  );
}

interface Outcome {
  readonly before: string;
  readonly after: string;
  readonly lost: number;
}

/** Breaks something under load, waits until the cluster is healthy again, and checks what must hold in any case. */
async function under(name: string, harm: (primary: string) => Promise<unknown>): Promise<Outcome> {
  const table = name.replaceAll(/\W+/g, '_');
  const [before, epochBefore] = [await currentPrimary(), await epoch()];
  const load = await WriteLoad.start(() => connectionConfig(api, rw()), { table });
  await waitFor('writes', async () => (load.count > 100 ? true : undefined));
  await harm(before);
  await sleep(500);
  const since = load.count;
  await waitFor('writes afterwards', async () => (load.count > since + 100 ? true : undefined));
  await healthy();
  const report = await load.stop();
  // What the status says may be old where the operator was away.
  const found = await waitFor('three instances', async () => {
    const seen = await roles();
    return seen.length === 3 ? seen : undefined;
  });
  expect(found.filter(({ standby }) => !standby)).toHaveLength(1);
  const after = await currentPrimary();
  expect(found.find(({ standby }) => !standby)?.name).toBe(after);
  await using session = await connect(api, rw());
  const { rows } = await session.query<{ timeline: number }>(
    "select ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int as timeline",
  );
  const now = await epoch();
  if (after !== before) expect(rows[0]?.timeline).toBe(now);
  expect(now).toBeGreaterThanOrEqual(epochBefore);
  const { lost, unknown } = await lostAndFound(session, report, table);
  expect(unknown).toEqual([]);
  await waitFor('every standby has every row', async () => {
    for (const { name: instance } of found) {
      await using reader = await connect(api, { ...rw(), to: { instance } });
      const copy = await lostAndFound(reader, report, table);
      if (copy.lost.length > lost.length) return undefined;
    }
    return true;
  });
  gaps.push(`${name}: ${Math.round(report.longestGap)} ms, ${lost.length} of ${report.acknowledged.size} lost`);
  return { before, after, lost: lost.length };
}

const supervised = async (pod: string, command: string): Promise<void> => {
  const script = `${command} "$(cat "\${HOWDAH_ROOT:-}/controller/supervisor/manager.pid")"`;
  const { code, stderr } = await exec(platform, namespace.name, pod, 'postgres', ['bash', '-c', script]);
  if (code !== 0) throw new Error(`${command} in ${pod}: ${stderr}`);
};

test('F1 PostgreSQL of the primary is killed: it is restarted in place, and nothing is lost', async () => {
  const { before, after, lost } = await under('kill postgres', (primary) =>
    killPostgres(platform, namespace.name, primary),
  );
  expect([after, lost]).toEqual([before, 0]);
});

test('the primary pod is deleted with one second of grace: another takes over, and nothing is lost', async () => {
  const { before, after, lost } = await under('delete pod', (name) =>
    api.delete(resource.pods, { namespace: namespace.name, name }, { gracePeriodSeconds: 1 }),
  );
  expect(after).not.toBe(before);
  expect(lost).toBe(0);
});

test('a switchover is asked for in status: the target takes over, the old primary follows, and nothing is lost', async () => {
  const wanted = (await roles()).filter(({ standby }) => standby).at(-1)?.name ?? '';
  const { after, lost } = await under('switchover', () =>
    api.patchStatus(
      resource.clusters,
      { namespace: namespace.name, name: cluster },
      { status: { targetPrimary: wanted } },
    ),
  );
  expect([after, lost]).toEqual([wanted, 0]);
});

test('a switchover to an instance that does not exist is refused, and the wish is taken back', async () => {
  const before = await currentPrimary();
  const key = { namespace: namespace.name, name: cluster };
  await api.patchStatus(resource.clusters, key, { status: { targetPrimary: `${cluster}-9` } });
  await waitForCluster(api, key.namespace, cluster, ({ status }) => status?.targetPrimary === before, 'the old target');
  expect(await currentPrimary()).toBe(before);
});

test('F2 the manager of the primary is frozen: nobody acknowledges a write after the fence, and a session of before is ended', async () => {
  await using session = await connect(api, rw());
  const acknowledged: number[] = [];
  const { lost } = await under('freeze manager', async (primary) => {
    await supervised(primary, 'kill -STOP');
    const until = performance.now() + 20_000;
    await session.query('create table frozen (id int)');
    for (let id = 0; performance.now() < until; id++) {
      try {
        await session.query('insert into frozen values ($1)', [id]);
        acknowledged.push(performance.now());
      } catch {
        break;
      }
      await sleep(20);
    }
    // The watchdog (renewDeadline + 1 s) has ended what the manager could not.
    expect(performance.now()).toBeLessThan(until);
  });
  expect(acknowledged.length).toBeGreaterThan(0);
  expect(lost).toBe(0);
});

test('the primary pod is deleted while the operator is away: the failover is completed without it', async () => {
  const operator = { namespace: operatorNamespace, name: operatorDeployment };
  const { lost } = await under('operator away', async (name) => {
    await api.patch(resource.deployments, operator, { spec: { replicas: 0 } });
    await waitFor('the operator to be gone', async () => {
      const { items } = await api.list<Pod>(resource.pods, { namespace: operatorNamespace });
      return items.length === 0 ? true : undefined;
    });
    await api.delete(resource.pods, { namespace: namespace.name, name }, { gracePeriodSeconds: 1 });
    await waitFor('another primary', async () => ((await currentPrimary()) === name ? undefined : true));
    await using session = await connect(api, rw());
    await session.query('create table written_without_operator ()');
    await api.patch(resource.deployments, operator, { spec: { replicas: 1 } });
  });
  expect(lost).toBe(0);
});

if (platform.engine !== 'local') process.stdout.write('power loss SKIPPED here: it is made by the embedded engine\n');
(platform.engine === 'local' ? test : test.skip)(
  'the node of the primary loses its power: another takes over when the lease has run out, and the old one follows it afterwards',
  async () => {
    const { data = '' } = shared();
    const { before, after, lost } = await under('power off', async (name) => {
      const pod = await api.get<Pod>(resource.pods, { namespace: namespace.name, name });
      const node = { dataDir: data, name: pod?.spec?.nodeName ?? '' };
      await powerOff(node);
      await waitFor('another primary', async () => ((await currentPrimary()) === name ? undefined : true));
      await powerOn(node);
    });
    expect(after).not.toBe(before);
    // Asynchronous: only what had been acknowledged and not yet been sent is lost, which is little.
    expect(lost).toBeLessThan(200);
  },
);
