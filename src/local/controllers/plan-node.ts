import type { Node, Pod } from '../../kube/objects.ts';
import { type Action, type Plan, isDeleting, keyOf, nameOf, namespaceOf, nothing, uidOf, timestamp } from './action.ts';
import { isReady } from './pods.ts';
import { tolerates } from './schedule-filters.ts';

/** A node whose lease has not been renewed for so long is not known to live (Kubernetes: node-monitor-grace-period). */
export const leaseGrace = 40_000;
const second = 1000;
const defaultToleration = 300;
const unreachable = 'node.kubernetes.io/unreachable';

type Taint = NonNullable<NonNullable<Node['spec']>['taints']>[number];
type Condition = NonNullable<NonNullable<Node['status']>['conditions']>[number];

function taints(node: Node, dead: boolean, now: string): Action[] {
  const current = node.spec?.taints ?? [];
  const has = current.some((it) => it.key === unreachable);
  if (has === dead) return [];
  const others = current.filter((it) => it.key !== unreachable);
  const added: Taint[] = ['NoSchedule', 'NoExecute'].map((effect) => ({ key: unreachable, effect, timeAdded: now }));
  const wanted = dead ? [...others, ...added] : others;
  return [
    { do: 'patch', kind: 'nodes', key: keyOf(node), patch: { spec: { taints: wanted.length > 0 ? wanted : null } } },
  ];
}

function markUnknown(node: Node, now: string): Action[] {
  const unknown = (it: Condition): Condition => ({
    ...it,
    status: 'Unknown',
    reason: 'NodeStatusUnknown',
    message: 'Node stopped posting status.',
    lastTransitionTime: now,
  });
  const conditions = node.status?.conditions ?? [];
  if (!conditions.some((it) => it.type === 'Ready' && it.status !== 'Unknown')) return [];
  const patch = { status: { conditions: conditions.map((it) => (it.status === 'Unknown' ? it : unknown(it))) } };
  const event = {
    type: 'Normal',
    reason: 'NodeNotReady',
    message: `Node ${nameOf(node)} status is now: NodeNotReady`,
  } as const;
  return [
    { do: 'patchStatus', kind: 'nodes', key: keyOf(node), patch },
    { do: 'event', about: node, event },
  ];
}

function markNotReady(pod: Pod, now: string): Action[] {
  if (!isReady(pod)) return [];
  const conditions = (pod.status?.conditions ?? []).map((it) =>
    it.type === 'Ready' ? { ...it, status: 'False', reason: 'NodeNotReady', lastTransitionTime: now } : it,
  );
  return [{ do: 'patchStatus', kind: 'pods', key: keyOf(pod), patch: { status: { conditions } } }];
}

/** Milliseconds until a pod is to leave a node because of its NoExecute taints; undefined: never. */
export function evictionIn(pod: Pod, node: Node, now: number): number | undefined {
  const times = (node.spec?.taints ?? [])
    .filter((taint) => taint.effect === 'NoExecute')
    .map((taint) => {
      const tolerating = (pod.spec?.tolerations ?? []).filter((it) => tolerates(it, taint));
      // Without a word of its own a pod tolerates a lost node for five minutes (admission DefaultTolerationSeconds).
      const builtin = tolerating.length === 0 && /^node\.kubernetes\.io\/(unreachable|not-ready)$/.test(taint.key);
      if (builtin) return Date.parse(taint.timeAdded ?? '') + defaultToleration * second - now;
      if (tolerating.length === 0) return 0;
      const limits = tolerating.map((it) => it.tolerationSeconds).filter((it) => it !== undefined);
      if (limits.length === 0) return Infinity;
      return Date.parse(taint.timeAdded ?? '') + Math.min(...limits) * second - now;
    })
    .filter((it) => it !== Infinity && !Number.isNaN(it));
  return times.length > 0 ? Math.max(0, Math.min(...times)) : undefined;
}

const evict = (pod: Pod): Action[] => [
  {
    do: 'event',
    about: pod,
    event: {
      type: 'Normal',
      reason: 'TaintManagerEviction',
      message: `Marking for deletion Pod ${namespaceOf(pod)}/${nameOf(pod)}`,
    },
  },
  { do: 'delete', kind: 'pods', key: keyOf(pod), uid: uidOf(pod) },
];

/** A node by the age of its lease as we have seen it (`silentFor`), and the pods on it. */
export function planNode(node: Node, allPods: readonly Pod[], silentFor: number, now: number): Plan {
  if (isDeleting(node)) return nothing;
  const time = timestamp(now);
  const dead = silentFor > leaseGrace;
  const pods = allPods.filter((pod) => pod.spec?.nodeName === nameOf(node));
  const due = pods.filter((pod) => !isDeleting(pod)).map((pod) => ({ pod, left: evictionIn(pod, node, now) }));
  const actions = [
    ...(dead ? markUnknown(node, time) : []),
    ...taints(node, dead, time),
    ...(dead ? pods.flatMap((pod) => markNotReady(pod, time)) : []),
    ...due.filter(({ left }) => left !== undefined && left <= 0).flatMap(({ pod }) => evict(pod)),
  ];
  const timers = due.map(({ left }) => left).filter((left): left is number => left !== undefined && left > 0);
  if (!dead) timers.push(leaseGrace - silentFor + 100);
  return timers.length > 0 ? { actions, afterMs: Math.min(...timers) } : { actions };
}

/** A pod whose node has been removed: nobody is left to end it. */
export function planLostPod(pod: Pod): Plan {
  const options = { gracePeriodSeconds: 0 };
  return {
    actions: [
      { do: 'patchStatus', kind: 'pods', key: keyOf(pod), patch: { status: { phase: 'Failed', reason: 'NodeLost' } } },
      { do: 'delete', kind: 'pods', key: keyOf(pod), uid: uidOf(pod), options },
    ],
  };
}
