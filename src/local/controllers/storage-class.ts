import type { PersistentVolumeClaim, StorageClass } from '../../kube/objects.ts';
import type { World } from './world.ts';

export const provisioner = 'howdah.dev/local';
export const selectedNodeAnnotation = 'volume.kubernetes.io/selected-node';
const defaultClass = 'storageclass.kubernetes.io/is-default-class';

export const selectedNode = (claim: PersistentVolumeClaim): string | undefined =>
  claim.metadata?.annotations?.[selectedNodeAnnotation];

/** The class of a claim; a claim that names none has the default class, and one that names '' has none. */
export function classOf(claim: PersistentVolumeClaim, world: Pick<World, 'storageClasses'>): StorageClass | undefined {
  const name = claim.spec?.storageClassName;
  if (name !== undefined) return world.storageClasses.get(undefined, name);
  return world.storageClasses.list().find((it) => it.metadata?.annotations?.[defaultClass] === 'true');
}
