import type { Pod, ReplicaSet } from '../../kube/objects.ts';
import {
  type Action,
  type Plan,
  controls,
  isDeleting,
  keyOf,
  nameOf,
  namespaceOf,
  nothing,
  ownerReference,
  statusPatch,
  uidOf,
} from './action.ts';
import { isAvailable, isFinished, isReady } from './pods.ts';

const recheck = 1000;

function replicaPod(set: ReplicaSet, suffix: string) {
  const template = set.spec?.template;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${nameOf(set)}-${suffix}`,
      namespace: namespaceOf(set),
      labels: { ...template?.metadata?.labels },
      ...(template?.metadata?.annotations ? { annotations: template.metadata.annotations } : {}),
      ownerReferences: [ownerReference(set, 'apps/v1', 'ReplicaSet')],
    },
    spec: template?.spec,
  };
}

/** Those that go first: without a node, not ready, younger. */
const byExpendability = (a: Pod, b: Pod): number =>
  Number(a.spec?.nodeName !== undefined) - Number(b.spec?.nodeName !== undefined) ||
  Number(isReady(a)) - Number(isReady(b)) ||
  (b.metadata?.creationTimestamp ?? '').localeCompare(a.metadata?.creationTimestamp ?? '');

/** Pods of one ReplicaSet up to its number. `suffix` makes names of new pods. */
export function planReplicaSet(set: ReplicaSet, allPods: readonly Pod[], now: number, suffix: () => string): Plan {
  if (isDeleting(set)) return nothing;
  const pods = allPods.filter((pod) => controls(set, pod) && !isDeleting(pod) && !isFinished(pod));
  const wanted = set.spec?.replicas ?? 1;
  const seconds = set.spec?.minReadySeconds ?? 0;
  const available = pods.filter((pod) => isAvailable(pod, seconds, now)).length;
  const ready = pods.filter(isReady).length;
  const missing = Math.max(0, wanted - pods.length);
  const created = Array.from({ length: missing }, (): Action => ({
    do: 'create',
    kind: 'pods',
    object: replicaPod(set, suffix()),
  }));
  const surplus = [...pods].sort(byExpendability).slice(0, Math.max(0, pods.length - wanted));
  const deleted = surplus.map((pod): Action => ({ do: 'delete', kind: 'pods', key: keyOf(pod), uid: uidOf(pod) }));
  const finished = allPods.filter((pod) => controls(set, pod) && !isDeleting(pod) && isFinished(pod));
  const cleaned = finished.map((pod): Action => ({ do: 'delete', kind: 'pods', key: keyOf(pod), uid: uidOf(pod) }));
  const status = {
    replicas: pods.length,
    fullyLabeledReplicas: pods.length || null,
    readyReplicas: ready || null,
    availableReplicas: available || null,
    observedGeneration: set.metadata?.generation ?? null,
  };
  return {
    actions: [...created, ...deleted, ...cleaned, ...statusPatch('replicaSets', set, status)],
    ...(ready > available ? { afterMs: recheck } : {}),
  };
}
