import type { Pod, PodDisruptionBudget } from '../../kube/objects.ts';
import { type Plan, isDeleting, namespaceOf, nothing, statusPatch, timestamp } from './action.ts';
import { fraction } from './plan-deployment.ts';
import { isFinished, isReady } from './pods.ts';
import { selects } from './selector.ts';

/** How many pods a budget lets go now. The number of pods that there should be is the number that there are. */
export function planBudget(budget: PodDisruptionBudget, allPods: readonly Pod[], now: number): Plan {
  if (isDeleting(budget)) return nothing;
  const pods = allPods.filter(
    (pod) =>
      namespaceOf(pod) === namespaceOf(budget) &&
      !isFinished(pod) &&
      selects(budget.spec?.selector, pod.metadata?.labels),
  );
  const healthy = pods.filter((pod) => isReady(pod) && !isDeleting(pod)).length;
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  const desired =
    maxUnavailable !== undefined
      ? Math.max(0, pods.length - fraction(maxUnavailable, pods.length, Math.ceil))
      : fraction(minAvailable ?? 1, pods.length, Math.ceil);
  const allowed = pods.length === 0 ? 0 : Math.max(0, healthy - desired);
  const status = allowed > 0 ? 'True' : 'False';
  const before = budget.status?.conditions?.find((it) => it.type === 'DisruptionAllowed');
  const condition = {
    type: 'DisruptionAllowed',
    status,
    reason: allowed > 0 ? 'SufficientPods' : 'InsufficientPods',
    message: '',
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : timestamp(now),
    ...(budget.metadata?.generation === undefined ? {} : { observedGeneration: budget.metadata.generation }),
  };
  return {
    actions: statusPatch('podDisruptionBudgets', budget, {
      currentHealthy: healthy,
      desiredHealthy: desired,
      disruptionsAllowed: allowed,
      expectedPods: pods.length,
      observedGeneration: budget.metadata?.generation ?? null,
      conditions: [condition],
    }),
  };
}
