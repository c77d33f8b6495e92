// What people ask of a running cluster, with an operator that may die between any two writes.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Pod } from '../../kube/objects.ts';
import type { KubeApi } from '../../kube/port.ts';
import { resource } from '../../kube/resource-types.ts';
import { startApiServer } from '../../local/apiserver/testing/server.ts';
import { isHealthy, startPlatform, TestCluster, type TestPlatform } from '../testing/test-world.ts';
import { watched } from '../testing/watched.ts';

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startPlatform(startApiServer);
});
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

async function healthy(name: string, instances = 3, spec: object = {}): Promise<TestCluster> {
  const test = await TestCluster.create(platform.api, { name, instances, spec });
  await test.until(isHealthy);
  await test.moment();
  return test;
}
const annotate = (test: TestCluster, annotations: Record<string, string | null>): Promise<unknown> =>
  platform.api.patch(resource.clusters, test.key, { metadata: { annotations } });
const uids = async (test: TestCluster): Promise<Record<string, string | undefined>> =>
  Object.fromEntries((await test.list<Pod>(resource.pods)).map(({ metadata }) => [metadata?.name, metadata?.uid]));

/** In which order pods were made anew, until all were and the cluster is healthy. */
async function orderOfRenewal(test: TestCluster): Promise<string[]> {
  const before = await uids(test);
  const order: string[] = [];
  await test.until(async (cluster) => {
    for (const [name, uid] of Object.entries(await uids(test))) {
      if (uid !== before[name] && !order.includes(name)) order.push(name);
    }
    return isHealthy(cluster) && order.length === Object.keys(before).length;
  });
  return order;
}

test('scaling down: off the list of members first, then the pod, then the volume', async () => {
  const test = await healthy('shrink');
  await test.patchSpec({ instances: 2 });
  await test.reconcile();
  await test.reconcile();
  expect((await test.cluster()).status?.instanceNames).toEqual(['shrink-1', 'shrink-2']);
  // The primary's manager has not written the lease yet.
  await test.reconcile();
  expect(await test.names(resource.pods)).toContain('shrink-3');
  await test.moment();
  await test.reconcile();
  expect(await test.names(resource.pods)).toEqual(['shrink-1', 'shrink-2']);
  expect(await test.claims()).toHaveLength(3);
  await test.until(async (cluster) => isHealthy(cluster) && (await test.claims()).length === 2);
  await test.patchSpec({ instances: 3 });
  const { status } = await test.until(isHealthy);
  expect(status?.instanceNames).toEqual(['shrink-1', 'shrink-2', 'shrink-3']);
});

test('one that is to go and becomes the primary meanwhile stays, and another one goes', async () => {
  const test = await healthy('stays');
  await test.patchSpec({ instances: 2 });
  await test.reconcile();
  await platform.api.patchStatus(resource.clusters, test.key, { status: { targetPrimary: 'stays-3' } });
  // Its manager has done it before the operator looks again.
  await test.moment();
  expect((await test.cluster()).status?.currentPrimary).toBe('stays-3');
  const { status } = await test.until(async (cluster) => isHealthy(cluster) && (await test.claims()).length === 2);
  expect([status?.currentPrimary, status?.instanceNames]).toEqual(['stays-3', ['stays-1', 'stays-3']]);
});

test('a restart that is asked for: replicas first, then the primary, which keeps its role', async () => {
  const test = await healthy('again');
  const failing: string[] = [];
  await annotate(test, { 'kubectl.kubernetes.io/restartedAt': '2026-01-01T00:00:00Z' });
  expect(await orderOfRenewal(test)).toEqual(['again-3', 'again-2', 'again-1']);
  for (const { reason, message } of test.events) if (reason === 'FailingOver') failing.push(message);
  expect(failing).toEqual([]);
  expect((await test.cluster()).status?.currentPrimary).toBe('again-1');
});

test('an update by switchover: the primary hands over before its pod is made anew', async () => {
  const test = await healthy('hand', 2, { primaryUpdateMethod: 'switchover' });
  await test.patchSpec({ resources: { requests: { cpu: '50m' } } });
  expect(await orderOfRenewal(test)).toEqual(['hand-2', 'hand-1']);
  expect((await test.cluster()).status?.currentPrimary).toBe('hand-2');
});

test('a supervised update waits for a person before the primary', async () => {
  const test = await healthy('watch', 2, { primaryUpdateStrategy: 'supervised' });
  await test.patchSpec({ resources: { requests: { cpu: '50m' } } });
  await test.until(({ status }) => status?.phase === 'Waiting for user action');
  await platform.api.patchStatus(resource.clusters, test.key, { status: { targetPrimary: 'watch-2' } });
  const { status } = await test.until(isHealthy);
  expect(status?.currentPrimary).toBe('watch-2');
});

test('hibernation: the primary stops first, nothing starts again, and all comes back with the same volumes', async () => {
  const test = await healthy('sleep', 2);
  const volumes = (await test.claims()).map(({ metadata }) => metadata?.uid).sort();
  await annotate(test, { 'cnpg.io/hibernation': 'on' });
  const reason = async (): Promise<string | undefined> =>
    (await test.cluster()).status?.conditions?.find(({ type }) => type === 'cnpg.io/hibernation')?.reason;
  await test.reconcile();
  expect(await test.names(resource.pods)).toEqual(['sleep-2']);
  await test.until(async () => (await reason()) === 'Hibernated');
  await test.reconcile();
  expect(await test.names(resource.pods)).toEqual([]);
  const { status } = await test.cluster();
  expect(status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('False');
  expect([status?.phase, status?.phaseReason]).toEqual(['Cluster in healthy state', 'Cluster has been hibernated']);
  expect(status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'howdah.dev/Primary', status: 'False', reason: 'Hibernated' }),
  );
  await annotate(test, { 'cnpg.io/hibernation': 'off' });
  test.stuck.add('sleep-1');
  for (let turn = 0; turn < 5; turn++) {
    test.now = new Date(test.now.getTime() + 1_000);
    await test.reconcile();
  }
  test.stuck.delete('sleep-1');
  const awake = await test.until(isHealthy);
  expect(awake.status?.phaseReason).not.toBe('Cluster has been hibernated');
  // It sleeps with its role and comes back with it: nobody fails over.
  expect(test.events.map(({ reason }) => reason)).not.toContain('FailingOver');
  expect(await reason()).toBeUndefined();
  expect((await test.claims()).map(({ metadata }) => metadata?.uid).sort()).toEqual(volumes);
});

test('a replica that is marked as unrecoverable is made anew with a new volume', async () => {
  const test = await healthy('mark', 2);
  const before = (await test.claims()).map(({ metadata }) => metadata?.uid);
  const pod = { namespace: 'default', name: 'mark-2' };
  await platform.api.patch(resource.pods, pod, {
    metadata: { annotations: { 'alpha.cnpg.io/unrecoverable': 'true' } },
  });
  await test.until(async (cluster) => {
    const now = (await test.claims()).map(({ metadata }) => metadata?.uid);
    return isHealthy(cluster) && now.length === 2 && now.some((uid) => !before.includes(uid));
  });
  expect(test.events.map(({ reason }) => reason)).toContain('DeleteUnrecoverableInstance');
});

test('an operator that dies after any write of a scale-down with a restart ends where one does that lives', async () => {
  const wish = async (test: TestCluster): Promise<void> => {
    await test.patchSpec({ instances: 1 });
    await annotate(test, { 'kubectl.kubernetes.io/restartedAt': '2026-01-01T00:00:00Z' });
  };
  const over = async (test: TestCluster, first: string | undefined): Promise<boolean> =>
    isHealthy(await test.cluster()) &&
    (await test.claims()).length === 1 &&
    Object.values(await uids(test))[0] !== first;
  let count = 0;
  let expected: object = {};
  for (let death = 0; death <= count; death += 2) {
    const test = await healthy(`x${death}`, 2);
    const [first] = Object.values(await uids(test));
    await wish(test);
    let calls = 0;
    const dying = watched(
      platform.api,
      () => {
        calls += 1;
        if (death > 0 && calls >= death) throw new Error('the operator died');
      },
      death % 4 === 2,
    );
    for (let turn = 0; turn < 15 && !(await over(test, first)) && (death === 0 || calls < death); turn += 1) {
      await test.reconcile(dying).catch(() => undefined);
      await test.moment();
    }
    await test.until(() => over(test, first));
    if (death === 0) [count, expected] = [Math.min(calls, 40), await test.shape()];
    expect({ death, shape: await test.shape() }).toEqual({ death, shape: expected });
    await platform.api.delete(resource.clusters, test.key);
  }
  expect(count).toBeGreaterThan(5);
}, 240_000);

test('a pod that goes just before it is taken away is no fault that people hear of', async () => {
  const { api } = platform;
  const test = await healthy('goes', 1);
  const key = { namespace: 'default', name: 'goes-1' };
  const patch = async (...values: Parameters<KubeApi['patch']>): Promise<unknown> => {
    if (values[0].plural === 'pods') await api.delete(resource.pods, key, { gracePeriodSeconds: 0 });
    return api.patch(...values);
  };
  const late = new Proxy(api, {
    get: (target, name: keyof KubeApi) => (name === 'patch' ? patch : target[name].bind(target)),
  });
  await annotate(test, { 'kubectl.kubernetes.io/restartedAt': '2026-01-01T00:00:00Z' });
  await expect(test.reconcile(late)).rejects.toMatchObject({ code: 404 });
  expect(test.events.filter(({ type }) => type === 'Warning')).toEqual([]);
  await test.until(isHealthy);
});
