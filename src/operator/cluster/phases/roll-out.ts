import { resource } from '../../../kube/resource-types.ts';
import { nextRollout } from '../decide/rollout.ts';
import { eventReason, phase } from '../phase-names.ts';
import { goOn, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';

/** Pods that are not what the specification says are made anew, on their volumes. */
export async function rollOut(scope: ObservedScope): Promise<PhaseResult> {
  const { world, cluster, configuration, api, namespace, signal, report } = scope;
  const next = nextRollout(cluster, configuration, world);
  if (next.kind === 'none') return goOn;
  if (next.kind === 'wait') {
    report.phase(phase.upgrading, `Rollout waits: ${next.reason}`);
    return goOn;
  }
  const { instance, reason, primary } = next;
  const message = `Restarting instance ${instance.name}: ${reason}`;
  report.phase(primary ? phase.restartingPrimary : phase.upgrading, message);
  const preconditions = { uid: instance.pod?.metadata?.uid ?? '' };
  await api.delete(resource.pods, { namespace, name: instance.name }, { preconditions, signal });
  scope.emit({ type: 'Normal', reason: eventReason.upgradingInstance, message });
  return goOn;
}
