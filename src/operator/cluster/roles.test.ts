import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { RoleChange } from '../../api/generated/cluster.ts';
import { resource } from '../../kube/resource-types.ts';
import { startApiServer } from '../../local/apiserver/testing/server.ts';
import { isHealthy, startPlatform, TestCluster, type TestPlatform } from '../testing/test-world.ts';

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startPlatform(startApiServer);
});
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

async function healthy(name: string, instances = 3): Promise<TestCluster> {
  const test = await TestCluster.create(platform.api, { name, instances });
  await test.until(isHealthy);
  // What the managers say after the operator has listed them all.
  await test.moment();
  return test;
}
const ask = (test: TestCluster, targetPrimary: string): Promise<unknown> =>
  platform.api.patchStatus(resource.clusters, test.key, { status: { targetPrimary } });
const annotate = (test: TestCluster, annotations: Record<string, string | null>): Promise<unknown> =>
  platform.api.patch(resource.clusters, test.key, { metadata: { annotations } });
const condition = async (test: TestCluster, subject: string) =>
  (await test.cluster()).status?.conditions?.find(({ type }) => type === `howdah.dev/${subject}`);
const reasons = (test: TestCluster): string[] => test.events.map(({ reason }) => reason);
const changed = (test: TestCluster, ip: string, more: object): void => {
  test.statuses.set(ip, { ...test.statuses.get(ip), ...more });
};

test('a switchover that is asked for is ordered, said, and over when another leads', async () => {
  const test = await healthy('asked');
  await ask(test, 'asked-3');
  await test.reconcile();
  expect((await test.cluster()).status).toMatchObject({ phase: 'Switchover in progress', targetPrimary: 'asked-3' });
  expect(await condition(test, 'Switchover')).toMatchObject({ status: 'True', reason: 'Order' });
  expect(reasons(test)).toContain('SwitchingOver');
  await test.moment();
  const { status } = await test.until(isHealthy);
  expect(status).toMatchObject({ currentPrimary: 'asked-3', targetPrimary: 'asked-3' });
  expect(await condition(test, 'Switchover')).toMatchObject({ status: 'False' });
});

test.each<[string, string, RegExp, (test: TestCluster) => unknown]>([
  ['unknown', 'no-9', /there is no instance no-9/, () => undefined],
  ['fenced', 'fen-3', /fen-3 is fenced/, (test) => annotate(test, { 'cnpg.io/fencedInstances': '["fen-3"]' })],
  [
    'of a fenced primary',
    'pf-3',
    /the primary is fenced/,
    (test) => annotate(test, { 'cnpg.io/fencedInstances': '["pf-1"]' }),
  ],
  [
    'lagging',
    'lag-3',
    /lag-3 is more than 16777216 bytes behind/,
    (test) =>
      changed(test, '10.0.0.1', {
        replicationInfo: [{ applicationName: 'lag-3', state: 'streaming', flushLsn: '0/1' }],
      }),
  ],
  ['cut off', 'cut-3', /cut-3 does not stream/, (test) => changed(test, '10.0.0.1', { replicationInfo: [] })],
])(
  'a switchover to one that is %s is refused with the reason, and status is as before',
  async (_what, to, why, harm) => {
    const test = await healthy(to.slice(0, -2));
    const before = (await test.cluster()).status;
    await harm(test);
    await ask(test, to);
    await test.reconcile();
    const { status } = await test.cluster();
    expect(status).toMatchObject({ currentPrimary: before?.currentPrimary, targetPrimary: before?.targetPrimary });
    expect(status?.phase).not.toBe('Switchover in progress');
    expect(await condition(test, 'Switchover')).toMatchObject({ status: 'False', reason: 'Refused' });
    expect((await condition(test, 'Switchover'))?.message).toMatch(why);
    expect(test.events).toContainEqual(expect.objectContaining({ type: 'Warning', reason: 'SwitchoverRefused' }));
  },
);

test('a switchover to the primary itself is none: nothing is ordered, and status is as before', async () => {
  const test = await healthy('same');
  const before = (await test.cluster()).status;
  await ask(test, 'same-1');
  await test.reconcile();
  const { status } = await test.cluster();
  expect(status).toMatchObject({ phase: before?.phase, currentPrimary: 'same-1', targetPrimary: 'same-1' });
  expect((await condition(test, 'Switchover'))?.status).not.toBe('True');
  expect(reasons(test)).not.toContain('SwitchingOver');
});

test('the primary of a node that is cordoned is switched over, to one on another node', async () => {
  const test = await healthy('drain');
  for (const [serial, node] of Object.entries({ 1: 'a', 2: 'a', 3: 'b' })) {
    const name = `drain-${serial}`;
    await platform.api.raw('POST', `/api/v1/namespaces/default/pods/${name}/binding`, {
      body: { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target: { kind: 'Node', name: node } },
    });
  }
  test.nodes.set({ metadata: { name: 'a' }, spec: { unschedulable: true } });
  test.nodes.set({ metadata: { name: 'b' }, spec: {} });
  const { status } = await test.until(({ status: now }) => now?.currentPrimary === 'drain-3');
  expect(status?.targetPrimary).toBe('drain-3');
  expect(test.events.find(({ reason }) => reason === 'SwitchingOver')?.message).toContain('node a is to be left');
});

test('a primary without the lease is fenced when that lasts, and released when it is silent', async () => {
  const test = await healthy('two', 2);
  changed(test, '10.0.0.2', { isPrimary: true });
  await test.reconcile();
  expect(reasons(test)).toContain('PrimaryLeaseConflict');
  expect((await test.cluster()).metadata.annotations?.['cnpg.io/fencedInstances']).toBeUndefined();
  test.now = new Date(test.now.getTime() + 5_000);
  await test.reconcile();
  expect((await test.cluster()).metadata.annotations).toMatchObject({
    'cnpg.io/fencedInstances': '["two-2"]',
    'howdah.dev/fenced-by-operator': '["two-2"]',
  });
  await test.moment();
  await test.until(isHealthy);
  expect((await test.cluster()).metadata.annotations?.['cnpg.io/fencedInstances']).toBeUndefined();
});

test('a primary that fails is noted, waited for, and forgotten when another serves', async () => {
  const test = await healthy('fails');
  test.silent.add('fails-1');
  test.statuses.delete('10.0.0.1');
  await platform.api.patchStatus(
    resource.pods,
    { namespace: 'default', name: 'fails-1' },
    { status: { conditions: [{ type: 'Ready', status: 'False' }] } },
  );
  await test.reconcile();
  expect((await test.cluster()).status?.currentPrimaryFailingSinceTimestamp).toBeDefined();
  await test.reconcile();
  expect((await test.cluster()).status?.phase).toBe('Failing over');
  expect(await condition(test, 'Primary')).toMatchObject({ status: 'False', reason: 'ElectionBegins' });
  expect(reasons(test)).toContain('FailingOver');
  // What the instance does that takes over.
  await ask(test, 'fails-2');
  test.stuck.clear();
  await test.moment();
  test.silent.clear();
  const { status } = await test.until(isHealthy);
  expect(status?.currentPrimary).toBe('fails-2');
  expect(status?.currentPrimaryFailingSinceTimestamp).toBeUndefined();
});

test('where nobody could take over, that is said, and nobody is made to', async () => {
  const test = await healthy('alone', 1);
  test.silent.add('alone-1');
  test.statuses.delete('10.0.0.1');
  const pod = { namespace: 'default', name: 'alone-1' };
  await platform.api.patchStatus(resource.pods, pod, { status: { conditions: [{ type: 'Ready', status: 'False' }] } });
  await test.reconcile();
  await test.reconcile();
  expect(await condition(test, 'Primary')).toMatchObject({ status: 'False', reason: 'NobodyCanStand' });
});

test('a fenced primary keeps its role', async () => {
  const test = await healthy('kept');
  await annotate(test, { 'cnpg.io/fencedInstances': '["kept-1"]' });
  test.statuses.delete('10.0.0.1');
  const pod = { namespace: 'default', name: 'kept-1' };
  await platform.api.patchStatus(resource.pods, pod, { status: { conditions: [{ type: 'Ready', status: 'False' }] } });
  await test.reconcile();
  expect(await condition(test, 'Primary')).toMatchObject({ reason: 'PrimaryIsFenced' });
  expect((await test.cluster()).status?.currentPrimaryFailingSinceTimestamp).toBeUndefined();
});

test('the last ten changes of the primary are kept, each told once', async () => {
  const test = await healthy('story', 2);
  const change = (epoch: number): RoleChange => ({
    ...{ epoch, from: 'story-2', to: 'story-1', cause: 'Failover' },
    steps: [
      { name: 'last-renewal', time: '2026-01-01T00:00:00.000Z' },
      { name: 'promoted', time: '2026-01-01T00:00:02.000Z' },
    ],
  });
  for (let epoch = 2; epoch <= 13; epoch += 1) {
    changed(test, '10.0.0.1', { roleChange: change(epoch) });
    await test.reconcile();
    await test.reconcile();
  }
  const { status } = await test.cluster();
  expect(status?.roleChanges?.map(({ epoch }) => epoch)).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
  const told = test.events.filter(({ reason }) => reason === 'FailoverTarget').map(({ message }) => message);
  expect(told).toHaveLength(12);
  expect(told[0]).toBe(
    'story-1 is the primary in epoch 2 after story-2 (Failover), 2.0 s from the first step to service',
  );
});
