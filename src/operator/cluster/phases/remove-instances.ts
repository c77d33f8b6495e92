import { resource } from '../../../kube/resource-types.ts';
import { eventReason } from '../phase-names.ts';
import { goOn, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';
import { isTerminating } from '../world.ts';

/** Takes away instances whose claims are marked for it: pod and Job first, the claims when nothing uses them any more. */
export async function removeInstances(scope: ObservedScope): Promise<PhaseResult> {
  const { world, api, namespace, signal } = scope;
  const { currentPrimary, targetPrimary } = scope.cluster.status ?? {};
  for (const { name, removal, pod, job, claims } of world.instances) {
    if (removal === undefined || name === currentPrimary || name === targetPrimary) continue;
    if (job !== undefined)
      await api.delete(resource.jobs, { namespace, name: job.job.metadata?.name ?? '' }, { signal });
    if (pod !== undefined) {
      if (isTerminating(pod)) continue;
      const preconditions = { uid: pod.metadata?.uid ?? '' };
      await api.delete(resource.pods, { namespace, name }, { preconditions, signal });
      scope.emit({ type: 'Normal', reason: eventReason.deletePod, message: `Deleting pod ${name}: ${removal}` });
      continue;
    }
    const present = claims.filter((claim) => !isTerminating(claim));
    for (const { metadata } of present) {
      const preconditions = { uid: metadata?.uid ?? '' };
      await api.delete(
        resource.persistentVolumeClaims,
        { namespace, name: metadata?.name ?? '' },
        { preconditions, signal },
      );
    }
    if (present.length > 0) {
      scope.emit({
        type: 'Normal',
        reason: eventReason.deleteClaims,
        message: `Deleting the claims of ${name}: ${removal}`,
      });
    }
  }
  return goOn;
}
