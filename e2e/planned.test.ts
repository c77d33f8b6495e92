// What a person plans, under a recorded write load: each ends with a healthy cluster, nothing acknowledged is lost, and the cluster
// says what was done.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Lease, Pod, PodDisruptionBudget } from '../src/kube/objects.ts';
import { resource } from '../src/kube/resource-types.ts';
import { primaryBudget } from '../src/naming.ts';
import { commands } from '../src/kubectl/plugin.ts';
import { annotation } from '../src/labels.ts';
import {
  type ClusterObject,
  createCluster,
  getCluster,
  instancePods,
  isHealthy,
  waitForCluster,
} from './support/cluster.ts';
import { openNamespace, openShared } from './support/shared.ts';
import { connect } from './support/sql.ts';
import { underLoad } from './support/under-load.ts';
import { waitFor } from './support/wait.ts';

const platform = openShared();
const { api } = platform;
const cluster = 'planned';
let namespace: Awaited<ReturnType<typeof openNamespace>>;
const gaps: string[] = [];

beforeAll(async () => {
  namespace = await openNamespace(platform, 'planned');
  await createCluster(platform, namespace.name, cluster, { instances: 3 });
  await healthy();
});
afterAll(async () => {
  process.stdout.write(`longest gap between two acknowledged writes:\n${gaps.map((line) => `  ${line}\n`).join('')}`);
  await namespace?.[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

const key = (name = cluster): { namespace: string; name: string } => ({ namespace: namespace.name, name });
const healthy = (): Promise<ClusterObject> => waitForCluster(api, namespace.name, cluster, isHealthy, 'health');
const plugin = (command: string, ...words: string[]): Promise<string> =>
  commands[command]!.run({ api, namespace: namespace.name, words, now: new Date() });
const status = async (): Promise<NonNullable<ClusterObject['status']>> =>
  (await getCluster(api, namespace.name, cluster))?.status ?? {};
const primary = async (): Promise<string> => (await status()).currentPrimary ?? '';
const podOf = async (name: string): Promise<Pod | undefined> => api.get<Pod>(resource.pods, key(name));

async function members(): Promise<string[]> {
  const lease = await api.get<Lease>(resource.leases, key());
  const record = JSON.parse(lease?.metadata?.annotations?.[annotation.lease] ?? '{}') as {
    members?: { instance: string }[];
  };
  return (record.members ?? []).map(({ instance }) => instance).sort();
}

const loaded = async (name: string, change: () => Promise<unknown>, settled = healthy): Promise<void> => {
  gaps.push(await underLoad({ api, namespace: namespace.name, cluster }, name, change, settled));
};

test('switchover: the plugin asks for it, the target leads, and status tells its story', async () => {
  const before = await primary();
  const target = (await status()).instanceNames?.find((name) => name !== before) ?? '';
  await loaded('switchover', async () => {
    await plugin('promote', cluster, target);
    await waitFor('the target as primary', async () => ((await primary()) === target ? true : undefined));
  });
  const told = await waitForCluster(
    api,
    namespace.name,
    cluster,
    ({ status: now }) => now?.roleChanges?.at(-1)?.to === target,
    'the story of the switchover',
  );
  const change = told.status?.roleChanges?.at(-1);
  expect(change).toMatchObject({ cause: 'Switchover', from: before, to: target });
  expect(change?.shutdownLSN).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
  expect(change?.promoteLSN).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
  const steps = change?.steps?.map(({ name }) => name) ?? [];
  expect(steps).toEqual(['requested', 'stopped', 'claimed', 'promoting', 'promoted', 'routed']);
});

test('a switchover to a fenced instance is refused, and status is as before', async () => {
  const leader = await primary();
  const target = (await status()).instanceNames?.find((name) => name !== leader) ?? '';
  await plugin('fencing', 'on', cluster, target);
  await waitFor('the fence', async () => {
    try {
      await using session = await connect(api, { namespace: namespace.name, cluster, to: { instance: target } });
      await session.query('select');
      return undefined;
    } catch {
      return true;
    }
  });
  await api.patchStatus(resource.clusters, key(), { status: { targetPrimary: target } });
  await waitForCluster(
    api,
    namespace.name,
    cluster,
    ({ status: now }) => now?.targetPrimary === leader,
    'the old target',
  );
  expect(await primary()).toBe(leader);
  await loaded('unfencing', () => plugin('fencing', 'off', cluster, '*'));
});

test('scaling 3 → 2 → 3: off the list of members, then the pod, then the volume; and back', async () => {
  const leader = await primary();
  await loaded('scaling', async () => {
    await api.patch(resource.clusters, key(), { spec: { instances: 2 } });
    await waitFor('two volumes', async () => {
      const { items } = await api.list(resource.persistentVolumeClaims, { namespace: namespace.name });
      return items.length === 2 ? true : undefined;
    });
    expect(await members()).toHaveLength(2);
    expect(await instancePods(api, namespace.name, cluster)).toHaveLength(2);
    await api.patch(resource.clusters, key(), { spec: { instances: 3 } });
    await waitFor('three members', async () => ((await members()).length === 3 ? true : undefined), {
      timeout: 150_000,
    });
  });
  expect(await primary()).toBe(leader);
});

test('F23 drain: the primary of a cordoned node is switched over, and may then be evicted', async () => {
  const leader = await primary();
  const node = { name: (await podOf(leader))?.spec?.nodeName ?? '' };
  const evict = async (): Promise<number> => {
    const path = `/api/v1/namespaces/${namespace.name}/pods/${leader}/eviction`;
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: key(leader) };
    return (await api.raw('POST', path, { body })).status;
  };
  // The controller of budgets is somebody else's, and behind the pods by a moment.
  await waitFor('the budget to count the primary', async () => {
    const budget = await api.get<PodDisruptionBudget>(resource.podDisruptionBudgets, key(primaryBudget(cluster)));
    const { currentHealthy, disruptionsAllowed } = budget?.status ?? {};
    return currentHealthy === 1 && disruptionsAllowed === 0 ? true : undefined;
  });
  await healthy();
  expect(await evict()).toBe(429);
  const drain = async (): Promise<void> => {
    await api.patch(resource.nodes, node, { spec: { unschedulable: true } });
    try {
      await waitFor('another primary', async () => ((await primary()) === leader ? undefined : true));
      const uid = (await podOf(leader))?.metadata?.uid;
      await waitFor('the eviction', async () => ((await evict()) < 300 ? true : undefined));
      await waitFor('the pod to be gone', async () =>
        (await podOf(leader))?.metadata?.uid === uid ? undefined : true,
      );
    } finally {
      await api.patch(resource.nodes, node, { spec: { unschedulable: null } });
    }
  };
  const two = (): Promise<ClusterObject> =>
    waitForCluster(api, namespace.name, cluster, ({ status: now }) => (now?.readyInstances ?? 0) >= 2, 'two instances');
  await loaded('drain', drain, two);
  const elsewhere = (await podOf(await primary()))?.spec?.nodeName;
  expect(elsewhere).not.toBe(node.name);
});
