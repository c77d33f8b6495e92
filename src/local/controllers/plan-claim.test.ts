import { expect, test } from '@jest/globals';
import type { PersistentVolume, PersistentVolumeClaim } from '../../kube/objects.ts';
import type { Action } from './action.ts';
import { claimFinalizer, planClaim, volumeFinalizer } from './plan-claim.ts';
import { planVolume } from './plan-volume.ts';
import { aNode, aPod, aWorld, standard } from './testing/world.ts';

const pathOf = (node: string, volume: string): string => `/data/nodes/${node}/volumes/${volume}`;
const names = (actions: readonly Action[]): string[] =>
  actions.map((it) => ('kind' in it ? `${it.do} ${it.kind}` : it.do));

const selected = { 'volume.kubernetes.io/selected-node': 'a' };
const aClaim = (changes: { metadata?: object; spec?: object; status?: object } = {}): PersistentVolumeClaim => ({
  metadata: { name: 'c', namespace: 'default', uid: 'u1', finalizers: [claimFinalizer], ...changes.metadata },
  spec: {
    storageClassName: 'standard',
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Gi' } },
    ...changes.spec,
  },
  status: { phase: 'Pending', ...changes.status },
});
const aVolume = (changes: { metadata?: object; spec?: object; status?: object } = {}): PersistentVolume => ({
  metadata: {
    name: 'pvc-u1',
    uid: 'v1',
    finalizers: [volumeFinalizer],
    annotations: { 'pv.kubernetes.io/provisioned-by': 'howdah.dev/local' },
    ...changes.metadata,
  },
  spec: {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Delete',
    claimRef: { namespace: 'default', name: 'c', uid: 'u1' },
    local: { path: '/data/nodes/a/volumes/pvc-u1' },
    ...changes.spec,
  },
  status: { phase: 'Bound', ...changes.status },
});
const bound = {
  spec: { volumeName: 'pvc-u1' },
  status: { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } },
};

const claimRows: [string, PersistentVolumeClaim, PersistentVolume[], string[]][] = [
  ['waits until a node is chosen', aClaim(), [], []],
  [
    'gets a directory, then a volume, when the node is chosen',
    aClaim({ metadata: { annotations: selected } }),
    [],
    ['makeDirectory', 'create persistentVolumes', 'event'],
  ],
  [
    'of another class is not ours',
    aClaim({ spec: { storageClassName: 'other' }, metadata: { annotations: selected } }),
    [],
    [],
  ],
  [
    'is bound to its volume',
    aClaim(),
    [aVolume({ status: { phase: 'Pending' } })],
    ['patch persistentVolumeClaims', 'patchStatus persistentVolumes', 'patchStatus persistentVolumeClaims'],
  ],
  ['that is bound is left alone', aClaim(bound), [aVolume()], []],
  [
    'grows with its request',
    aClaim({ ...bound, spec: { volumeName: 'pvc-u1', resources: { requests: { storage: '2Gi' } } } }),
    [aVolume()],
    ['patch persistentVolumes', 'patchStatus persistentVolumeClaims'],
  ],
  [
    'never shrinks',
    aClaim({ ...bound, spec: { volumeName: 'pvc-u1', resources: { requests: { storage: '1Mi' } } } }),
    [aVolume()],
    [],
  ],
  ['whose volume has gone is lost', aClaim(bound), [], ['patchStatus persistentVolumeClaims']],
  [
    "does not take another claim's volume",
    aClaim({ spec: { volumeName: 'pvc-u1' } }),
    [aVolume({ spec: { claimRef: { namespace: 'default', name: 'c', uid: 'other' } } })],
    [],
  ],
  ['gets its protection', aClaim({ metadata: { finalizers: [] } }), [], ['patch persistentVolumeClaims']],
];

test.each(claimRows)('a claim %s', (_, claim, persistentVolumes, expected) => {
  const world = aWorld({
    nodes: [aNode('a')],
    storageClasses: [standard],
    persistentVolumeClaims: [claim],
    persistentVolumes,
  });
  expect(names(planClaim(claim, world, pathOf).actions)).toEqual(expected);
});

test('a new volume stays on its node, at a path below that node', () => {
  const claim = aClaim({ metadata: { annotations: selected } });
  const world = aWorld({ nodes: [aNode('a')], storageClasses: [standard], persistentVolumeClaims: [claim] });
  const made = planClaim(claim, world, pathOf).actions.find((it) => it.do === 'create');
  expect(made?.object).toMatchObject({
    metadata: { name: 'pvc-u1' },
    spec: {
      local: { path: '/data/nodes/a/volumes/pvc-u1' },
      claimRef: { uid: 'u1' },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ values: ['a'] }] }] } },
    },
  });
});

const deleted = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: [claimFinalizer] };
const user = (node?: string) =>
  aPod('p', {
    spec: {
      ...(node === undefined ? {} : { nodeName: node }),
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }],
    },
  });

test.each([
  ['used by a pod on a node', [user('a')], 0],
  ['wanted by a pod without a node', [user()], 1],
  ['used by nobody', [], 1],
])('a deleted claim that is %s', (_, pods, expected) => {
  const claim = aClaim({ metadata: deleted });
  expect(planClaim(claim, aWorld({ pods, persistentVolumeClaims: [claim] }), pathOf).actions).toHaveLength(expected);
});

const volumeRows: [string, PersistentVolume, PersistentVolumeClaim[], string[]][] = [
  ['with its claim is left alone', aVolume(), [aClaim(bound)], []],
  ['whose claim has gone is first released', aVolume(), [], ['patchStatus persistentVolumes']],
  [
    'that is released is removed with its data',
    aVolume({ status: { phase: 'Released' } }),
    [],
    ['removeVolume', 'patch persistentVolumes', 'delete persistentVolumes'],
  ],
  [
    'of a claim that was made anew under the same name is released',
    aVolume(),
    [aClaim({ metadata: { uid: 'u2' } })],
    ['patchStatus persistentVolumes'],
  ],
  [
    'with policy Retain keeps its data',
    aVolume({ spec: { ...aVolume().spec, persistentVolumeReclaimPolicy: 'Retain' }, status: { phase: 'Released' } }),
    [],
    [],
  ],
  [
    'that we did not make keeps its data',
    aVolume({ metadata: { annotations: {} }, status: { phase: 'Released' } }),
    [],
    [],
  ],
];

test.each(volumeRows)('a volume %s', (_, volume, persistentVolumeClaims, expected) => {
  const world = aWorld({ persistentVolumeClaims, persistentVolumes: [volume] });
  expect(names(planVolume(volume, world).actions)).toEqual(expected);
});
