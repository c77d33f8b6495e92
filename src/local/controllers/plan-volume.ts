import path from 'node:path';
import type { PersistentVolume } from '../../kube/objects.ts';
import { type Action, type Plan, isDeleting, keyOf, nameOf, nothing, statusPatch, uidOf } from './action.ts';
import { finalizers, volumeFinalizer } from './plan-claim.ts';
import { provisioner } from './storage-class.ts';
import type { World } from './world.ts';

/** What becomes of a volume whose claim has gone. */
export function planVolume(volume: PersistentVolume, world: World): Plan {
  const reference = volume.spec?.claimRef;
  const owned = volume.metadata?.annotations?.['pv.kubernetes.io/provisioned-by'] === provisioner;
  if (reference?.uid === undefined)
    return {
      actions: isDeleting(volume) ? release(volume) : statusPatch('persistentVolumes', volume, { phase: 'Available' }),
    };
  const claim = world.persistentVolumeClaims.get(reference.namespace, reference.name ?? '');
  if (claim && uidOf(claim) === reference.uid) return nothing;
  if (volume.status?.phase !== 'Released')
    return { actions: statusPatch('persistentVolumes', volume, { phase: 'Released' }) };
  const directory = volume.spec?.local?.path;
  if (!owned || volume.spec?.persistentVolumeReclaimPolicy !== 'Delete' || directory === undefined) {
    return { actions: isDeleting(volume) ? release(volume) : [] };
  }
  const key = { namespace: reference.namespace ?? '', name: reference.name ?? '', uid: reference.uid };
  return {
    actions: [
      { do: 'removeVolume', name: nameOf(volume), path: path.resolve(directory), claim: key },
      ...release(volume),
      { do: 'delete', kind: 'persistentVolumes', key: keyOf(volume), uid: uidOf(volume) },
    ],
  };
}

function release(volume: PersistentVolume): Action[] {
  const current = volume.metadata?.finalizers ?? [];
  if (!current.includes(volumeFinalizer)) return [];
  return [
    finalizers(
      'persistentVolumes',
      volume,
      current.filter((it) => it !== volumeFinalizer),
    ),
  ];
}
