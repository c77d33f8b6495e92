import { resource } from '../../kube/resource-types.ts';
import { annotation } from '../../labels.ts';
import type { ObservedScope } from './scope.ts';
import type { Instance } from './world.ts';

/** Records that an instance is to go, and why, where it survives any crash from here on: nothing is removed without it. */
export async function markForRemoval(
  { api, namespace, signal }: ObservedScope,
  instance: Instance,
  reason: string,
): Promise<void> {
  for (const { metadata } of instance.claims) {
    const patch = { metadata: { annotations: { [annotation.removal]: reason } } };
    await api.patch(resource.persistentVolumeClaims, { namespace, name: metadata?.name ?? '' }, patch, { signal });
  }
}
