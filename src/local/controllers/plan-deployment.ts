import { createHash } from 'node:crypto';
import type { Deployment, Pod, ReplicaSet } from '../../kube/objects.ts';
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
  sameJson,
  statusPatch,
  uidOf,
  timestamp,
} from './action.ts';

const revision = 'deployment.kubernetes.io/revision';
const hashLabel = 'pod-template-hash';
const keptHistory = 10;

const templateHash = (template: unknown): string =>
  createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 10);

/** "25%" of `total` or a plain number. */
export function fraction(value: string | number | undefined, total: number, round: (n: number) => number): number {
  const match = /^(\d+)%$/.exec(String(value ?? '25%'));
  return match ? round((Number(match[1]) / 100) * total) : Number(value);
}

const revisionOf = (set: ReplicaSet): number => Number(set.metadata?.annotations?.[revision] ?? 0);

/** The template of a ReplicaSet as the Deployment gave it. */
function plainTemplate(set: ReplicaSet): unknown {
  const template = structuredClone(set.spec?.template);
  delete template?.metadata?.labels?.[hashLabel];
  return template;
}

function newSet(deployment: Deployment, number: number, replicas: number) {
  const template = deployment.spec?.template;
  const hash = templateHash(template);
  const labels = { ...template?.metadata?.labels, [hashLabel]: hash };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${nameOf(deployment)}-${hash}`,
      namespace: namespaceOf(deployment),
      labels,
      annotations: { [revision]: String(number) },
      ownerReferences: [ownerReference(deployment, 'apps/v1', 'Deployment')],
    },
    spec: {
      replicas,
      ...(deployment.spec?.minReadySeconds === undefined ? {} : { minReadySeconds: deployment.spec.minReadySeconds }),
      selector: { matchLabels: { ...deployment.spec?.selector?.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template?.metadata, labels } },
    },
  };
}

interface Sizes {
  readonly current: number;
  readonly old: readonly { readonly set: ReplicaSet; readonly replicas: number }[];
}

const replicasOf = (set: ReplicaSet): number => set.spec?.replicas ?? 0;
const availableOf = (set: ReplicaSet): number => set.status?.availableReplicas ?? 0;

/** How many pods the current and each old ReplicaSet shall have now. */
export function sizes(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  pods: readonly Pod[],
): Sizes {
  const wanted = deployment.spec?.replicas ?? 1;
  const oldTotal = old.reduce((sum, it) => sum + replicasOf(it), 0);
  if (deployment.spec?.strategy?.type === 'Recreate') {
    const oldPods = pods.some((pod) => old.some((set) => controls(set, pod)));
    return {
      current: oldTotal > 0 || oldPods ? (current ? replicasOf(current) : 0) : wanted,
      old: old.map((set) => ({ set, replicas: 0 })),
    };
  }
  const rolling = deployment.spec?.strategy?.rollingUpdate;
  const surge = fraction(rolling?.maxSurge, wanted, Math.ceil);
  const floor = wanted - Math.max(surge === 0 ? 1 : 0, fraction(rolling?.maxUnavailable, wanted, Math.floor));
  const here = current ? replicasOf(current) : 0;
  const grown = here >= wanted ? wanted : Math.max(here, Math.min(wanted, wanted + surge - oldTotal));
  let spare = (current ? availableOf(current) : 0) + old.reduce((sum, it) => sum + availableOf(it), 0) - floor;
  const shrunk = old.map((set) => {
    // Pods that serve nobody go first and cost nothing.
    const broken = Math.max(0, replicasOf(set) - availableOf(set));
    const serving = Math.max(0, Math.min(replicasOf(set) - broken, spare));
    spare -= serving;
    return { set, replicas: replicasOf(set) - broken - serving };
  });
  return { current: grown, old: shrunk };
}

function scale(set: ReplicaSet, replicas: number): Action[] {
  if (replicasOf(set) === replicas) return [];
  return [{ do: 'patch', kind: 'replicaSets', key: keyOf(set), patch: { spec: { replicas } } }];
}

function conditions(deployment: Deployment, available: number, complete: boolean, now: string) {
  const wanted = deployment.spec?.replicas ?? 1;
  const unavailable = fraction(deployment.spec?.strategy?.rollingUpdate?.maxUnavailable, wanted, Math.floor);
  const enough = available >= wanted - unavailable;
  const make = (type: string, status: 'True' | 'False', reason: string, message: string) => {
    const before = deployment.status?.conditions?.find((it) => it.type === type);
    const same = before?.status === status;
    const lastUpdateTime = same && before?.reason === reason ? before.lastUpdateTime : now;
    return {
      type,
      status,
      reason,
      message,
      lastTransitionTime: same ? before?.lastTransitionTime : now,
      lastUpdateTime,
    };
  };
  return [
    enough
      ? make('Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.')
      : make('Available', 'False', 'MinimumReplicasUnavailable', 'Deployment does not have minimum availability.'),
    complete
      ? make('Progressing', 'True', 'NewReplicaSetAvailable', 'ReplicaSet has successfully progressed.')
      : make('Progressing', 'True', 'ReplicaSetUpdated', 'ReplicaSet is progressing.'),
  ];
}

function status(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  sets: readonly ReplicaSet[],
  now: number,
): Action[] {
  const sum = (of: (set: ReplicaSet) => number): number => sets.reduce((total, set) => total + of(set), 0);
  const wanted = deployment.spec?.replicas ?? 1;
  const [replicas, available] = [sum((it) => it.status?.replicas ?? 0), sum(availableOf)];
  const updated = current?.status?.replicas ?? 0;
  const complete = updated === wanted && replicas === wanted && available === wanted;
  return statusPatch('deployments', deployment, {
    observedGeneration: deployment.metadata?.generation ?? null,
    replicas: replicas || null,
    updatedReplicas: updated || null,
    readyReplicas: sum((it) => it.status?.readyReplicas ?? 0) || null,
    availableReplicas: available || null,
    unavailableReplicas: Math.max(0, wanted - available) || null,
    conditions: conditions(deployment, available, complete, timestamp(now)),
  });
}

/** ReplicaSets of one Deployment: the one of its template grows, the others shrink, within the limits of its strategy. */
export function planDeployment(
  deployment: Deployment,
  allSets: readonly ReplicaSet[],
  pods: readonly Pod[],
  now: number,
): Plan {
  if (isDeleting(deployment)) return nothing;
  const sets = allSets.filter((set) => controls(deployment, set) && !isDeleting(set));
  const current = sets.find((set) => sameJson(plainTemplate(set), deployment.spec?.template));
  const old = sets.filter((set) => set !== current);
  const newest = Math.max(0, ...old.map(revisionOf));
  const number = current && revisionOf(current) > newest ? revisionOf(current) : newest + 1;
  const wanted = sizes(deployment, current, old, pods);
  const paused = deployment.spec?.paused === true;
  const actions: Action[] = [];
  if (!current && !paused)
    actions.push({ do: 'create', kind: 'replicaSets', object: newSet(deployment, number, wanted.current) });
  if (current && !paused) {
    actions.push(...scale(current, wanted.current));
    if (revisionOf(current) !== number) {
      const patch = { metadata: { annotations: { [revision]: String(number) } } };
      actions.push({ do: 'patch', kind: 'replicaSets', key: keyOf(current), patch });
    }
  }
  if (!paused) for (const { set, replicas } of wanted.old) actions.push(...scale(set, replicas));
  const idle = old
    .filter((set) => replicasOf(set) === 0 && (set.status?.replicas ?? 0) === 0)
    .sort((a, b) => revisionOf(b) - revisionOf(a));
  for (const set of idle.slice(deployment.spec?.revisionHistoryLimit ?? keptHistory)) {
    actions.push({ do: 'delete', kind: 'replicaSets', key: keyOf(set), uid: uidOf(set) });
  }
  const annotated = deployment.metadata?.annotations?.[revision] === String(number);
  if (!annotated && !paused) {
    actions.push({
      do: 'patch',
      kind: 'deployments',
      key: keyOf(deployment),
      patch: { metadata: { annotations: { [revision]: String(number) } } },
    });
  }
  return { actions: [...actions, ...status(deployment, current, sets, now)] };
}
