import type { PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '../../kube/objects.ts';
import {
  type Action,
  type Plan,
  isDeleting,
  keyOf,
  nameOf,
  namespaceOf,
  nothing,
  statusPatch,
  uidOf,
} from './action.ts';
import { quantity } from './quantity.ts';
import { classOf, provisioner, selectedNode } from './storage-class.ts';
import type { World } from './world.ts';

export const claimFinalizer = 'kubernetes.io/pvc-protection';
export const volumeFinalizer = 'kubernetes.io/pv-protection';

/** Directory of a volume on the disk of a node. */
export type VolumePath = (node: string, volume: string) => string;

const usesClaim = (pod: Pod, claim: string): boolean =>
  pod.spec?.volumes?.some((it) => it.persistentVolumeClaim?.claimName === claim) ?? false;

/** Sets the finalizers of an object that has not changed since we saw it. */
export const finalizers = (
  kind: 'persistentVolumeClaims' | 'persistentVolumes',
  object: PersistentVolumeClaim | PersistentVolume,
  wanted: string[],
): Action => ({
  do: 'patch',
  kind,
  key: keyOf(object),
  patch: {
    metadata: { finalizers: wanted.length > 0 ? wanted : null, resourceVersion: object.metadata?.resourceVersion },
  },
});

/** A claim that is being deleted stays until no pod that has a node uses it. */
function planDeletion(claim: PersistentVolumeClaim, pods: readonly Pod[]): Plan {
  const current = claim.metadata?.finalizers ?? [];
  if (!current.includes(claimFinalizer)) return nothing;
  const used = pods.some(
    (pod) =>
      namespaceOf(pod) === namespaceOf(claim) && pod.spec?.nodeName !== undefined && usesClaim(pod, nameOf(claim)),
  );
  if (used) return nothing;
  return {
    actions: [
      finalizers(
        'persistentVolumeClaims',
        claim,
        current.filter((it) => it !== claimFinalizer),
      ),
    ],
  };
}

export const volumeNameOf = (claim: PersistentVolumeClaim): string => `pvc-${uidOf(claim)}`;

/** The volume that a claim gets on a node. */
function newVolume(claim: PersistentVolumeClaim, storageClass: StorageClass, node: string, directory: string) {
  const hostname = { key: 'kubernetes.io/hostname', operator: 'In', values: [node] };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: volumeNameOf(claim),
      annotations: { 'pv.kubernetes.io/provisioned-by': provisioner },
      finalizers: [volumeFinalizer],
    },
    spec: {
      capacity: { storage: claim.spec?.resources?.requests?.['storage'] ?? '0' },
      accessModes: claim.spec?.accessModes ?? ['ReadWriteOnce'],
      volumeMode: 'Filesystem',
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: nameOf(storageClass),
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace: namespaceOf(claim),
        name: nameOf(claim),
        uid: uidOf(claim),
      },
      local: { path: directory },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [hostname] }] } },
    },
  };
}

function provision(claim: PersistentVolumeClaim, world: World, pathOf: VolumePath): Action[] {
  const storageClass = classOf(claim, world);
  if (storageClass?.provisioner !== provisioner) return [];
  const anyNode = storageClass.volumeBindingMode === 'Immediate' ? world.nodes.list()[0]?.metadata?.name : undefined;
  const node = selectedNode(claim) ?? anyNode;
  if (node === undefined || !world.nodes.get(undefined, node)) return [];
  const directory = pathOf(node, volumeNameOf(claim));
  const volume = newVolume(claim, storageClass, node, directory);
  const message = `Successfully provisioned volume ${volume.metadata.name}`;
  return [
    { do: 'makeDirectory', path: directory },
    { do: 'create', kind: 'persistentVolumes', object: volume },
    { do: 'event', about: claim, event: { type: 'Normal', reason: 'ProvisioningSucceeded', message } },
  ];
}

/** The volume that is, or may become, the claim's. */
function volumeFor(claim: PersistentVolumeClaim, world: World): PersistentVolume | undefined {
  const name = claim.spec?.volumeName || volumeNameOf(claim);
  const volume = world.persistentVolumes.get(undefined, name);
  const reference = volume?.spec?.claimRef;
  if (reference?.uid !== undefined && reference.uid !== uidOf(claim)) return undefined;
  if (reference && (reference.name !== nameOf(claim) || reference.namespace !== namespaceOf(claim))) return undefined;
  return volume;
}

function bind(claim: PersistentVolumeClaim, volume: PersistentVolume): Action[] {
  const annotations = { 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/bound-by-controller': 'yes' };
  const claimRef = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    namespace: namespaceOf(claim),
    name: nameOf(claim),
    uid: uidOf(claim),
  };
  return [
    ...(volume.spec?.claimRef?.uid === uidOf(claim)
      ? []
      : [{ do: 'patch', kind: 'persistentVolumes', key: keyOf(volume), patch: { spec: { claimRef } } } as const]),
    ...(claim.spec?.volumeName === nameOf(volume)
      ? []
      : [
          {
            do: 'patch',
            kind: 'persistentVolumeClaims',
            key: keyOf(claim),
            patch: { metadata: { annotations }, spec: { volumeName: nameOf(volume) } },
          } as const,
        ]),
    ...statusPatch('persistentVolumes', volume, { phase: 'Bound' }),
  ];
}

/** The size that a bound claim has: it follows the request when the class lets volumes grow; nothing limits a directory. */
function resize(claim: PersistentVolumeClaim, volume: PersistentVolume, storageClass: StorageClass | undefined) {
  const wanted = claim.spec?.resources?.requests?.['storage'] ?? '0';
  const current = volume.spec?.capacity?.['storage'] ?? '0';
  const grows = quantity(wanted) > quantity(current) && storageClass?.allowVolumeExpansion === true;
  const actions: Action[] = grows
    ? [
        {
          do: 'patch',
          kind: 'persistentVolumes',
          key: keyOf(volume),
          patch: { spec: { capacity: { storage: wanted } } },
        },
      ]
    : [];
  return { capacity: grows ? wanted : current, actions };
}

/** Binding, provisioning, growth and protection of one claim. */
export function planClaim(claim: PersistentVolumeClaim, world: World, pathOf: VolumePath): Plan {
  if (isDeleting(claim)) return planDeletion(claim, world.pods.list());
  const actions: Action[] = [];
  const current = claim.metadata?.finalizers ?? [];
  if (!current.includes(claimFinalizer)) {
    actions.push(finalizers('persistentVolumeClaims', claim, [...current, claimFinalizer]));
  }
  const volume = volumeFor(claim, world);
  if (!volume) {
    if (claim.status?.phase === 'Bound')
      return { actions: [...actions, ...statusPatch('persistentVolumeClaims', claim, { phase: 'Lost' })] };
    return { actions: [...actions, ...(claim.spec?.volumeName ? [] : provision(claim, world, pathOf))] };
  }
  const { capacity, actions: growth } = resize(claim, volume, classOf(claim, world));
  const status = { phase: 'Bound', accessModes: volume.spec?.accessModes ?? [], capacity: { storage: capacity } };
  return {
    actions: [...actions, ...bind(claim, volume), ...growth, ...statusPatch('persistentVolumeClaims', claim, status)],
  };
}
