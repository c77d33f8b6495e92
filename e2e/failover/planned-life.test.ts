// What a person plans and takes longer: restarts, hibernation, a maintenance window, volumes that are deleted.
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { PersistentVolumeClaim, Pod } from '../../src/kube/objects.ts';
import { resource } from '../../src/kube/resource-types.ts';
import { commands } from '../../src/kubectl/plugin.ts';
import {
  type ClusterObject,
  createCluster,
  getCluster,
  instancePods,
  isHealthy,
  waitForCluster,
} from '../support/cluster.ts';
import { openNamespace, openShared } from '../support/shared.ts';
import { connect } from '../support/sql.ts';
import { underLoad } from '../support/under-load.ts';
import { waitFor } from '../support/wait.ts';

const platform = openShared();
const { api } = platform;
const cluster = 'life';
let namespace: Awaited<ReturnType<typeof openNamespace>>;
const gaps: string[] = [];

beforeAll(async () => {
  namespace = await openNamespace(platform, 'life');
  await createCluster(platform, namespace.name, cluster, { instances: 3 });
});
beforeEach(() => healthy());
afterAll(async () => {
  process.stdout.write(`longest gap between two acknowledged writes:\n${gaps.map((line) => `  ${line}\n`).join('')}`);
  await namespace?.[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

const key = (name = cluster): { namespace: string; name: string } => ({ namespace: namespace.name, name });
const healthy = (): Promise<ClusterObject> =>
  waitForCluster(api, namespace.name, cluster, isHealthy, 'health', 240_000);
const plugin = (command: string, ...words: string[]): Promise<string> =>
  commands[command]!.run({ api, namespace: namespace.name, words, now: new Date() });
const primary = async (): Promise<string> =>
  (await getCluster(api, namespace.name, cluster))?.status?.currentPrimary ?? '';
const replica = async (): Promise<string> => {
  const leader = await primary();
  return (await getCluster(api, namespace.name, cluster))?.status?.instanceNames?.find((name) => name !== leader) ?? '';
};
const uidsOf = (objects: readonly { metadata?: { uid?: string } }[]): string[] =>
  objects.map(({ metadata }) => metadata?.uid ?? '').sort();
const volumes = async (): Promise<string[]> => {
  const { items } = await api.list<PersistentVolumeClaim>(resource.persistentVolumeClaims, {
    namespace: namespace.name,
  });
  return uidsOf(items);
};
const pods = async (): Promise<Pod[]> => instancePods(api, namespace.name, cluster);
const loaded = async (name: string, change: () => Promise<unknown>): Promise<void> => {
  gaps.push(await underLoad({ api, namespace: namespace.name, cluster }, name, change, healthy));
};
const renewed = async (before: readonly string[]): Promise<true | undefined> => {
  const now = uidsOf(await pods());
  return now.length === before.length && now.every((uid) => !before.includes(uid)) ? true : undefined;
};

test('a restart of the whole cluster: every pod is made anew, and nobody is asked to take over from the primary', async () => {
  const before = uidsOf(await pods());
  await loaded('restart', async () => {
    await plugin('restart', cluster);
    await waitFor('new pods', () => renewed(before), { timeout: 240_000 });
  });
  // It keeps the role unless its lease runs out meanwhile, as it may on a machine that is busy: then that is the cause.
  const changes = (await getCluster(api, namespace.name, cluster))?.status?.roleChanges ?? [];
  expect(changes.slice(1).filter(({ cause }) => cause !== 'Failover')).toEqual([]);
});

test('an update by switchover: every pod is made anew, and another is the primary', async () => {
  const [leader, before] = [await primary(), uidsOf(await pods())];
  await loaded('update by switchover', async () => {
    const spec = { primaryUpdateMethod: 'switchover', logLevel: 'debug' };
    await api.patch(resource.clusters, key(), { spec });
    await waitFor('new pods', () => renewed(before), { timeout: 240_000 });
  });
  expect(await primary()).not.toBe(leader);
  await api.patch(resource.clusters, key(), { spec: { primaryUpdateMethod: 'restart' } });
});

test('hibernation: no pod is left, and all comes back with the same volumes, rows and primary', async () => {
  const [leader, before] = [await primary(), await volumes()];
  {
    await using session = await connect(api, { ...key(), cluster, to: 'rw' });
    await session.query('create table slept (id int)');
  }
  await plugin('hibernate', 'on', cluster);
  await waitForCluster(
    api,
    namespace.name,
    cluster,
    ({ status }) =>
      status?.conditions?.some(({ type, reason }) => type === 'cnpg.io/hibernation' && reason === 'Hibernated') ??
      false,
    'hibernation',
  );
  expect(await pods()).toEqual([]);
  await plugin('hibernate', 'off', cluster);
  await waitFor('pods', async () => ((await pods()).length === 3 ? true : undefined));
  await healthy();
  expect(await volumes()).toEqual(before);
  expect(await primary()).toBe(leader);
  await using session = await connect(api, { ...key(), cluster, to: 'rw' });
  await session.query('select from slept');
});

test('a replica whose volume is deleted by hand is made anew with another', async () => {
  const [name, before] = [await replica(), await volumes()];
  await loaded('volume deleted', async () => {
    await api.delete(resource.persistentVolumeClaims, key(name));
    await waitFor('another volume', async () => {
      const now = await volumes();
      return now.length === 3 && now.some((uid) => !before.includes(uid)) ? true : undefined;
    });
  });
});

test('the primary hands over before its volume, deleted by hand, goes', async () => {
  const leader = await primary();
  await loaded('volume of the primary deleted', async () => {
    const uid = async (): Promise<string | undefined> =>
      (await api.get<PersistentVolumeClaim>(resource.persistentVolumeClaims, key(leader)))?.metadata?.uid;
    const before = await uid();
    await api.delete(resource.persistentVolumeClaims, key(leader));
    await waitFor('its volume to be gone', async () => ((await uid()) === before ? undefined : true));
    expect(await primary()).not.toBe(leader);
  });
});

test('maintenance without the old volumes: a replica of a cordoned node is made anew elsewhere', async () => {
  const [name, old] = [await replica(), await volumes()];
  const pod = await api.get<Pod>(resource.pods, key(name));
  const node = { name: pod?.spec?.nodeName ?? '' };
  expect(node.name).not.toBe('');
  const others = uidsOf((await pods()).filter(({ metadata }) => metadata?.name !== name));
  await plugin('maintenance', 'set', cluster);
  await api.patch(resource.nodes, node, { spec: { unschedulable: true } });
  try {
    await loaded('maintenance', async () => {
      await api.delete(resource.pods, key(name));
      await waitFor(
        'one on another volume and another node',
        async () => {
          const kept = (await volumes()).filter((uid) => old.includes(uid));
          const [made] = (await pods()).filter(({ metadata }) => !others.includes(metadata?.uid ?? ''));
          const place = made?.spec?.nodeName ?? node.name;
          return kept.length === 2 && place !== node.name ? true : undefined;
        },
        { timeout: 240_000 },
      );
    });
  } finally {
    await api.patch(resource.nodes, node, { spec: { unschedulable: null } });
    await plugin('maintenance', 'unset', cluster);
  }
});
