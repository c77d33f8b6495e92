import { resource } from '../../../kube/resource-types.ts';
import { annotation } from '../../../labels.ts';
import { decided } from '../decided.ts';
import { hibernation } from '../decide/hibernation.ts';
import { conditionType, eventReason, phase } from '../phase-names.ts';
import { goOn, stop, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';

/** A cluster that is to sleep has volumes and no pods, and nothing below makes any. */
export async function hibernate(scope: ObservedScope): Promise<PhaseResult> {
  const { world, cluster, api, namespace, signal, report } = scope;
  const next = hibernation(cluster, world);
  if (next.kind === 'awake') return goOn;
  const type = conditionType.hibernation;
  if (next.kind === 'wake-up') {
    report.conditions.delete(type);
    scope.emit({ type: 'Normal', reason: eventReason.hibernating, message: 'Waking up from hibernation' });
    return goOn;
  }
  const { reason, message } = next;
  report.condition({ type, status: next.kind === 'asleep' ? 'True' : 'False', reason, message });
  if (next.kind === 'refuse' || reason === 'WaitingForHealthy') return goOn;
  if (next.kind === 'asleep') {
    const message = `nobody serves; ${cluster.status?.currentPrimary ?? ''} is the first to come back`;
    decided(scope, 'Primary', { rule: 'hibernated', status: 'False', message });
  }
  // CloudNativePG has no phase for it (reference §2.33) and stays with this one, which those who wait for it to sleep look for.
  report.phase(phase.healthy, message);
  if (next.kind === 'delete') {
    scope.emit({ type: 'Normal', reason: eventReason.hibernating, message });
    for (const { name, pod } of next.of) {
      const uid = pod?.metadata?.uid ?? '';
      // Nobody is to take over from a primary that goes to sleep.
      const patch = { metadata: { uid, annotations: { [annotation.keepsRole]: 'hibernation' } } };
      await api.patch(resource.pods, { namespace, name }, patch, { signal });
      await api.delete(resource.pods, { namespace, name }, { preconditions: { uid }, signal });
    }
  }
  return stop(reason, next.kind === 'asleep' ? undefined : 1_000);
}
