import { resource } from '../../../kube/resource-types.ts';
import { annotation } from '../../../labels.ts';
import { instanceTooMany } from '../decide/scale-down.ts';
import { eventReason } from '../phase-names.ts';
import { goOn, stop, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';

/** Fewer instances are wanted: writes down which one goes. Removing it is another phase's, and survives any crash from here on. */
export async function scaleDown(scope: ObservedScope): Promise<PhaseResult> {
  const { world, cluster, api, namespace, signal } = scope;
  const victim = instanceTooMany(cluster, world);
  if (victim === undefined) return goOn;
  const reason = `scaled down to ${cluster.spec.instances}`;
  for (const { metadata } of victim.claims) {
    const patch = { metadata: { annotations: { [annotation.removal]: reason } } };
    await api.patch(resource.persistentVolumeClaims, { namespace, name: metadata?.name ?? '' }, patch, { signal });
  }
  scope.emit({
    type: 'Normal',
    reason: eventReason.scaleDown,
    message: `Scaling down: removing instance ${victim.name}`,
  });
  return stop('ScaleDown', 0);
}
