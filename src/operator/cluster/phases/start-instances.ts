import { resource } from '../../../kube/resource-types.ts';
import { createClaims, createPod } from '../create.ts';
import { primaryRestarts } from '../decide/rollout.ts';
import { eventReason, phase } from '../phase-names.ts';
import { goOn, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';
import { hasEnded, isTerminating, members } from '../world.ts';

/** Every instance whose data is there has a pod: new ones, deleted ones, evicted ones. */
export async function startInstances(scope: ObservedScope): Promise<PhaseResult> {
  const { world, cluster, api, namespace, signal, report } = scope;
  for (const { name, serial, filled, missing, pod } of members(world)) {
    if (!filled || isTerminating(pod)) continue;
    if (pod !== undefined && hasEnded(pod)) {
      const preconditions = { uid: pod.metadata?.uid ?? '' };
      await api.delete(resource.pods, { namespace, name }, { preconditions, signal });
      const message = `Deleting pod ${name}: ${pod.status?.reason ?? pod.status?.phase ?? 'ended'}`;
      scope.emit({ type: 'Normal', reason: eventReason.deletePod, message });
      continue;
    }
    if (pod !== undefined) continue;
    // A WAL volume that was added to the specification: the instance moves its WAL there as it starts.
    if (missing.length > 0) await createClaims(scope, serial, new Set(missing.map((claim) => claim.name)), true);
    const created = await createPod(scope, serial);
    const restarts = name === cluster.status?.currentPrimary && primaryRestarts(cluster, undefined);
    if (created && !restarts) report.phase(phase.waitingForInstances, `Starting instance ${name}`);
  }
  return goOn;
}
