import { resource } from '../../../kube/resource-types.ts';
import { decided } from '../decided.ts';
import { keepAfterAll } from '../mark-removal.ts';
import { eventReason } from '../phase-names.ts';
import { goOn, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';
import { isTerminating, type Instance, type World } from '../world.ts';

const waitsForLeaseMs = 500;

/** A person has deleted its volume: that is done when nothing uses it any more. */
const volumeDeleted = ({ terminating, pod }: Instance): string | undefined =>
  terminating && pod !== undefined ? 'its volume was deleted' : undefined;

/** In the lease's list, or a name of a synchronous configuration in force: what it has may still be asked for (rules 19, 28). */
function isListed({ lease }: World, name: string): boolean {
  if (lease === undefined) return false;
  return (
    lease.members.includes(name) ||
    lease.configurations.some(({ names }) => names.some(({ instance }) => instance === name))
  );
}

/**
 * Takes away instances whose claims are marked for it: from the list of members first, which the primary's manager does when
 * status.instanceNames has it no more; then Job and pod, then the claims when nothing uses them any more.
 */
export async function removeInstances(scope: ObservedScope): Promise<PhaseResult> {
  const { world, api, namespace, signal } = scope;
  const { currentPrimary, targetPrimary } = scope.cluster.status ?? {};
  for (const instance of world.instances) {
    const { name, pod, job, claims } = instance;
    const removal = instance.removal ?? volumeDeleted(instance);
    if (instance.removal !== undefined && name === currentPrimary) await keepAfterAll(scope, instance);
    if (removal === undefined || name === currentPrimary || name === targetPrimary) continue;
    if (isListed(world, name)) {
      const message = `Removing ${name} (${removal}) when it has left the list of members`;
      decided(scope, 'Scaling', { rule: 'members-list-first', status: 'False', message });
      scope.report.lookAgain(waitsForLeaseMs);
      continue;
    }
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
