import { resource } from '../../kube/resource-types.ts';
import { annotation } from '../../labels.ts';
import type { ObservedScope } from './scope.ts';
import type { Instance } from './world.ts';

async function mark(
  { api, namespace, signal }: ObservedScope,
  { claims }: Instance,
  reason: string | null,
): Promise<void> {
  for (const { metadata } of claims) {
    const patch = { metadata: { annotations: { [annotation.removal]: reason } } };
    await api.patch(resource.persistentVolumeClaims, { namespace, name: metadata?.name ?? '' }, patch, { signal });
  }
}

/** Records that an instance is to go, and why, where it survives any crash from here on: nothing is removed without it. */
export const markForRemoval = (scope: ObservedScope, instance: Instance, reason: string): Promise<void> =>
  mark(scope, instance, reason);

/** It has become the primary meanwhile: another one goes. */
export const keepAfterAll = (scope: ObservedScope, instance: Instance): Promise<void> => mark(scope, instance, null);
