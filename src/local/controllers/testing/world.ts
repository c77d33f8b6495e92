import { Store } from '../../../kube/store.ts';
import type { KubeObject } from '../../../kube/types.ts';
import type { Node, Pod, StorageClass } from '../../../kube/objects.ts';
import { type WatchedKind, type WatchedKinds, watchedKinds, type World } from '../world.ts';

/** A world with these objects and nothing else. */
export function aWorld(objects: { readonly [Kind in WatchedKind]?: readonly WatchedKinds[Kind][] } = {}): World {
  const stores = watchedKinds.map((kind) => {
    const store = new Store<KubeObject>();
    for (const object of objects[kind] ?? []) store.set(object);
    return [kind, store];
  });
  return Object.fromEntries(stores) as World;
}

export const aNode = (name: string, changes: Partial<Node> = {}): Node => ({
  metadata: { name, labels: { 'kubernetes.io/hostname': name }, ...changes.metadata },
  spec: changes.spec ?? {},
  status: { conditions: [{ type: 'Ready', status: 'True' }], ...changes.status },
});

export const aPod = (name: string, changes: { metadata?: object; spec?: object; status?: object } = {}): Pod => ({
  metadata: { name, namespace: 'default', uid: `uid-${name}`, ...changes.metadata },
  spec: { containers: [{ name: 'main' }], ...changes.spec },
  status: { phase: 'Pending', ...changes.status },
});

export const readyAt = (time = '2026-01-01T00:00:00Z') => ({
  phase: 'Running',
  conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: time }],
});

export const standard: StorageClass = {
  metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: 'howdah.dev/local',
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
  allowVolumeExpansion: true,
};

export const ownedBy = (owner: { metadata?: { uid?: string; name?: string } }, kind: string) => ({
  ownerReferences: [
    { apiVersion: 'v1', kind, name: owner.metadata?.name ?? '', uid: owner.metadata?.uid ?? '', controller: true },
  ],
});
