import { expect, test } from '@jest/globals';
import type { Lease, Node, Pod, PodDisruptionBudget, Service } from '../../kube/objects.ts';
import { LeaseAges } from './lease-ages.ts';
import { planBudget } from './plan-budget.ts';
import { planEndpoints } from './plan-endpoints.ts';
import { evictionIn, planLostPod, planNode } from './plan-node.ts';
import { quantity } from './quantity.ts';
import { aNode, aPod, readyAt } from './testing/world.ts';

const now = Date.parse('2026-01-01T00:10:00Z');

test.each([
  ['1Gi', 2 ** 30],
  ['100m', 0.1],
  ['1e3', 1000],
  ['2', 2],
  ['1.5Ki', 1536],
  ['many', 0],
])('quantity %s', (text, expected) => expect(quantity(text)).toBeCloseTo(expected));

const service = (spec: object = {}): Service => ({
  metadata: { name: 's', namespace: 'default', uid: 'us' },
  spec: { selector: { app: 'w' }, ports: [{ name: 'pg', port: 5432, targetPort: 'postgresql' }], ...spec },
});
const endpointPod = (name: string, podIP: string | undefined, status: object = readyAt(), metadata: object = {}): Pod =>
  aPod(name, {
    metadata: { labels: { app: 'w' }, ...metadata },
    spec: { containers: [{ name: 'm', ports: [{ name: 'postgresql', containerPort: 6543 }] }] },
    status: { ...status, ...(podIP === undefined ? {} : { podIP }) },
  });

const endpointRows: [string, Service, Pod[], string[]][] = [
  ['ready', service(), [endpointPod('a', '1.1.1.1')], ['1.1.1.1 ready']],
  ['not ready', service(), [endpointPod('a', '1.1.1.1', { phase: 'Running' })], ['1.1.1.1 not']],
  [
    'not ready but published',
    service({ publishNotReadyAddresses: true }),
    [endpointPod('a', '1.1.1.1', { phase: 'Running' })],
    ['1.1.1.1 ready'],
  ],
  ['terminating', service(), [endpointPod('a', '1.1.1.1', readyAt(), { deletionTimestamp: 'x' })], ['1.1.1.1 not']],
  ['no address yet', service(), [endpointPod('a', undefined)], []],
  ['finished', service(), [endpointPod('a', '1.1.1.1', { phase: 'Failed' })], []],
  ['other labels', service(), [aPod('a', { status: { podIP: '1.1.1.1' } })], []],
  ['other namespace', service(), [endpointPod('a', '1.1.1.1', readyAt(), { namespace: 'x' })], []],
];

interface Slice {
  endpoints: { addresses: string[]; conditions: { ready: boolean } }[];
  ports: { port: number }[];
}

test.each(endpointRows)('endpoints: %s', (_, of, pods, expected) => {
  const create = planEndpoints(of, pods, undefined).actions.find((it) => it.do === 'create');
  const slice = create?.object as unknown as Slice;
  expect(slice.endpoints.map((it) => `${it.addresses[0]} ${it.conditions.ready ? 'ready' : 'not'}`)).toEqual(expected);
});

test('a named target port is looked up in the pod, and an equal slice is left alone', () => {
  const pods = [endpointPod('a', '1.1.1.1')];
  const create = planEndpoints(service(), pods, undefined).actions.find((it) => it.do === 'create');
  const slice = create?.object as never;
  expect((slice as Slice).ports).toEqual([{ name: 'pg', port: 6543, protocol: 'TCP' }]);
  expect(planEndpoints(service(), pods, slice).actions).toEqual([]);
  expect(planEndpoints(service(), [], slice).actions).toHaveLength(1);
  expect(planEndpoints(service({ selector: undefined }), pods, undefined).actions).toEqual([]);
});

const budget = (spec: object): PodDisruptionBudget => ({
  metadata: { name: 'b', namespace: 'default' },
  spec: { selector: { matchLabels: { app: 'w' } }, ...spec },
});

test.each([
  ['minAvailable 1 of 1', { minAvailable: 1 }, 1, 1, [1, 1, 0]],
  ['minAvailable 1 of 3', { minAvailable: 1 }, 3, 3, [3, 1, 2]],
  ['maxUnavailable 1, one is down', { maxUnavailable: 1 }, 3, 2, [2, 2, 0]],
  ['maxUnavailable 1', { maxUnavailable: 1 }, 3, 3, [3, 2, 1]],
  ['50 %', { minAvailable: '50%' }, 3, 3, [3, 2, 1]],
  ['nobody there', { minAvailable: 1 }, 0, 0, [0, 1, 0]],
])('budget: %s', (_, spec, total, ready, expected) => {
  const pods = Array.from({ length: total }, (_unused, index) =>
    endpointPod(`p${index}`, '1.1.1.1', index < ready ? readyAt() : { phase: 'Running' }),
  );
  const patch = planBudget(budget(spec), pods, now).actions.find((it) => it.do === 'patchStatus')?.patch;
  const { status } = patch as { status: Record<string, number> };
  expect([status['currentHealthy'], status['desiredHealthy'], status['disruptionsAllowed']]).toEqual(expected);
});

const lost = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', timeAdded: '2026-01-01T00:09:00Z' };
const tolerate = (seconds?: number) => ({
  spec: {
    nodeName: 'a',
    tolerations: [
      {
        key: lost.key,
        operator: 'Exists',
        effect: 'NoExecute',
        ...(seconds === undefined ? {} : { tolerationSeconds: seconds }),
      },
    ],
  },
});

test.each([
  ['five minutes by default', aPod('p', { spec: { nodeName: 'a' } }), 240_000],
  ['its own time', aPod('p', tolerate(90)), 30_000],
  ['time is over', aPod('p', tolerate(10)), 0],
  ['for ever', aPod('p', tolerate()), undefined],
])('a pod on a lost node leaves after %s', (_, pod, expected) => {
  expect(evictionIn(pod, aNode('a', { spec: { taints: [lost] } }), now)).toBe(expected);
});

const does = (node: Node, pods: Pod[], silent: number): string[] =>
  planNode(node, pods, silent, now).actions.map((it) => ('kind' in it ? `${it.do} ${it.kind}` : it.do));

test('a node that is heard of is left alone and looked at again when its lease would be too old', () => {
  expect(planNode(aNode('a'), [], 10_000, now)).toEqual({ actions: [], afterMs: 30_100 });
});

test('a silent node becomes Unknown, is tainted, and its pods are not ready', () => {
  const pods = [
    aPod('p', { spec: { nodeName: 'a' }, status: readyAt() }),
    aPod('q', { spec: { nodeName: 'b' }, status: readyAt() }),
  ];
  expect(does(aNode('a'), pods, 41_000)).toEqual(['patchStatus nodes', 'event', 'patch nodes', 'patchStatus pods']);
});

test('a node that is back loses the taint', () => {
  expect(does(aNode('a', { spec: { taints: [lost] } }), [], 0)).toEqual(['patch nodes']);
});

test('a pod of a node that was removed fails and goes at once', () => {
  expect(planLostPod(aPod('p')).actions).toMatchObject([
    { do: 'patchStatus' },
    { do: 'delete', options: { gracePeriodSeconds: 0 } },
  ]);
});

test('a lease is as old as its last change that we saw, whatever its time says', () => {
  let clock = 0;
  const ages = new LeaseAges(() => clock);
  const lease = (renewTime: string): Lease => ({ spec: { renewTime } });
  expect(ages.silentFor('a', lease('2020-01-01T00:00:00Z'))).toBe(0);
  clock = 5_000;
  expect(ages.silentFor('a', lease('2020-01-01T00:00:00Z'))).toBe(5_000);
  expect(ages.silentFor('a', lease('2020-01-01T00:00:10Z'))).toBe(0);
});
