import { expect, test } from '@jest/globals';
import type { PersistentVolumeClaim, Pod } from '../../kube/objects.ts';
import { planSchedule } from './schedule.ts';
import { aNode, aPod, aWorld, readyAt, standard } from './testing/world.ts';

const now = Date.parse('2026-01-01T00:00:00Z');

/** The node that the pod is bound to, or the reason why it is not. */
function outcome(pod: Pod, world: ReturnType<typeof aWorld>): string {
  const { actions } = planSchedule(pod, world, now);
  const bound = actions.find((it) => it.do === 'bind');
  if (bound) return bound.node;
  const event = actions.find((it) => it.do === 'event');
  return event?.event.message ?? 'nothing';
}

const on = (node: string, name = `on-${node}`, labels = {}): Pod =>
  aPod(name, { metadata: { labels }, spec: { nodeName: node }, status: readyAt() });

const apart = (kind: 'required' | 'preferred') => {
  const term = { labelSelector: { matchLabels: { app: 'db' } }, topologyKey: 'kubernetes.io/hostname' };
  return {
    affinity: {
      podAntiAffinity:
        kind === 'required'
          ? { requiredDuringSchedulingIgnoredDuringExecution: [term] }
          : { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }] },
    },
  };
};
const db = { labels: { app: 'db' } };
const three = [aNode('a'), aNode('b'), aNode('c')];
const taint = { key: 'gpu', value: 'yes', effect: 'NoSchedule' };

const rows: [string, Pod, ReturnType<typeof aWorld>, string][] = [
  ['the emptiest node', aPod('p'), aWorld({ nodes: three, pods: [on('a'), on('b')] }), 'c'],
  ['the first of equals', aPod('p'), aWorld({ nodes: three }), 'a'],
  ['no node at all', aPod('p'), aWorld(), '0/0 nodes are available.'],
  [
    'a cordoned node is passed by',
    aPod('p'),
    aWorld({ nodes: [aNode('a', { spec: { unschedulable: true } }), aNode('b')] }),
    'b',
  ],
  [
    'a node that is not ready',
    aPod('p'),
    aWorld({ nodes: [aNode('a', { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } })] }),
    '0/1 nodes are available: 1 node(s) were not ready.',
  ],
  [
    'the selector decides',
    aPod('p', { spec: { nodeSelector: { disk: 'ssd' } } }),
    aWorld({ nodes: [aNode('a'), aNode('b', { metadata: { name: 'b', labels: { disk: 'ssd' } } })] }),
    'b',
  ],
  [
    'required node affinity that nobody meets',
    aPod('p', {
      spec: {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['z'] }] }],
            },
          },
        },
      },
    }),
    aWorld({ nodes: three }),
    "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.",
  ],
  ['a taint', aPod('p'), aWorld({ nodes: [aNode('a', { spec: { taints: [taint] } }), aNode('b')] }), 'b'],
  [
    'a tolerated taint',
    aPod('p', { spec: { tolerations: [{ key: 'gpu', operator: 'Exists' }] } }),
    aWorld({ nodes: [aNode('a', { spec: { taints: [taint] } })] }),
    'a',
  ],
  [
    'required anti-affinity',
    aPod('p', { metadata: db, spec: apart('required') }),
    aWorld({ nodes: three, pods: [on('a', 'x', { app: 'db' }), on('b', 'y', { app: 'db' })] }),
    'c',
  ],
  [
    'required anti-affinity with no node left',
    aPod('p', { metadata: db, spec: apart('required') }),
    aWorld({ nodes: [aNode('a')], pods: [on('a', 'x', { app: 'db' })] }),
    "0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules.",
  ],
  [
    'preferred anti-affinity weighs more than emptiness',
    aPod('p', { metadata: db, spec: apart('preferred') }),
    aWorld({ nodes: [aNode('a'), aNode('b')], pods: [on('a', 'x', { app: 'db' }), on('b', 'y'), on('b', 'z')] }),
    'b',
  ],
  [
    'anti-affinity of one who is there',
    aPod('p', { metadata: db }),
    aWorld({
      nodes: [aNode('a'), aNode('b')],
      pods: [
        aPod('x', { spec: { nodeName: 'a', ...apart('required') }, status: readyAt() }),
        on('b', 'y'),
        on('b', 'z'),
      ],
    }),
    'b',
  ],
  [
    'a finished pod takes no place',
    aPod('p', { metadata: db, spec: apart('required') }),
    aWorld({
      nodes: [aNode('a')],
      pods: [aPod('x', { metadata: db, spec: { nodeName: 'a' }, status: { phase: 'Succeeded' } })],
    }),
    'a',
  ],
  [
    'too much memory',
    aPod('p', { spec: { containers: [{ name: 'm', resources: { requests: { memory: '2Gi' } } }] } }),
    aWorld({ nodes: [aNode('a', { status: { ...readyAt(), allocatable: { memory: '1Gi' } } })] }),
    '0/1 nodes are available: 1 Insufficient memory.',
  ],
  [
    'spread',
    aPod('p', {
      metadata: db,
      spec: {
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'kubernetes.io/hostname',
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: { matchLabels: { app: 'db' } },
          },
        ],
      },
    }),
    aWorld({
      nodes: [aNode('a'), aNode('b')],
      pods: [on('a', 'x', { app: 'db' }), on('b', '1'), on('b', '2'), on('b', '3')],
    }),
    'b',
  ],
];

test.each(rows)('%s', (_, pod, world, expected) => {
  expect(outcome(pod, world)).toBe(expected);
});

const claim = (changes: { spec?: object; status?: object; metadata?: object } = {}): PersistentVolumeClaim => ({
  metadata: { name: 'data', namespace: 'default', uid: 'u1', ...changes.metadata },
  spec: { storageClassName: 'standard', ...changes.spec },
  status: { phase: 'Pending', ...changes.status },
});
const user = aPod('p', { spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] } });

test('a claim that waits for its first user is told the node, and the pod is not bound yet', () => {
  const world = aWorld({ nodes: three, storageClasses: [standard], persistentVolumeClaims: [claim()] });
  const { actions } = planSchedule(user, world, now);
  expect(actions).toEqual([
    {
      do: 'patch',
      kind: 'persistentVolumeClaims',
      key: { namespace: 'default', name: 'data' },
      patch: { metadata: { annotations: { 'volume.kubernetes.io/selected-node': 'a' } } },
    },
  ]);
});

test('a pod whose claim was told a node counts there already: two that are made at once keep apart', () => {
  const told = { annotations: { 'volume.kubernetes.io/selected-node': 'a' } };
  const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }];
  const first = aPod('first', { metadata: db, spec: { volumes } });
  const world = aWorld({
    nodes: three,
    storageClasses: [standard],
    persistentVolumeClaims: [claim({ metadata: { name: 'data', ...told } })],
    pods: [first],
  });
  expect(outcome(aPod('second', { metadata: db, spec: apart('preferred') }), world)).toBe('b');
});

test('a bound volume holds its pod on its node', () => {
  const expression = { key: 'kubernetes.io/hostname', operator: 'In', values: ['c'] };
  const world = aWorld({
    nodes: three,
    storageClasses: [standard],
    persistentVolumeClaims: [claim({ spec: { volumeName: 'pv1' }, status: { phase: 'Bound' } })],
    persistentVolumes: [
      {
        metadata: { name: 'pv1' },
        spec: { nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [expression] }] } } },
      },
    ],
  });
  expect(outcome(user, world)).toBe('c');
});

test.each([
  ['missing', [], 'persistentvolumeclaim "data" not found'],
  [
    'being deleted',
    [claim({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })],
    'persistentvolumeclaim "data" is being deleted',
  ],
  ['half bound', [claim({ spec: { volumeName: 'pv1' } })], 'nothing'],
])('a claim that is %s', (_, persistentVolumeClaims, expected) => {
  expect(outcome(user, aWorld({ nodes: three, storageClasses: [standard], persistentVolumeClaims }))).toBe(expected);
});

test('the same reason is said once', () => {
  const pod = aPod('p', {
    status: {
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', message: '0/0 nodes are available.' }],
    },
  });
  expect(planSchedule(pod, aWorld(), now).actions).toEqual([]);
});
