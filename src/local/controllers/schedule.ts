import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '../../kube/objects.ts';
import {
  type Action,
  type Plan,
  isDeleting,
  keyOf,
  nameOf,
  namespaceOf,
  nothing,
  statusPatch,
  uidOf,
  timestamp,
} from './action.ts';
import {
  type AffinityTerm,
  type SchedulingFacts,
  isPlaced,
  matchesTerms,
  obstacleOf,
  podsInDomain,
} from './schedule-filters.ts';
import { classOf, selectedNode } from './storage-class.ts';
import type { World } from './world.ts';

/** Higher is better: preferred affinities first, then the emptier node. */
function score(facts: SchedulingFacts): number {
  const { pod, node, placed } = facts;
  const affinity = pod.spec?.affinity;
  const nodeWishes = affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const together = affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const apart = affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const spread = (pod.spec?.topologySpreadConstraints ?? []).filter((it) => it.whenUnsatisfiable === 'ScheduleAnyway');
  const count = (term: unknown): number => podsInDomain(facts, term as AffinityTerm);
  const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);
  const crowd = placed.filter((it) => it.spec?.nodeName === nameOf(node)).length;
  return (
    1000 * sum(nodeWishes.map((it) => (matchesTerms(node, [it.preference]) ? it.weight : 0))) +
    1000 * sum(together.map((it) => it.weight * Math.min(1, count(it.podAffinityTerm)))) -
    1000 * sum(apart.map((it) => it.weight * count(it.podAffinityTerm))) -
    1000 * sum(spread.map((it) => count(it))) -
    crowd
  );
}

type Claims =
  | { readonly state: 'missing'; readonly message: string }
  /** Being bound: the claim's next change brings us back. */
  | { readonly state: 'binding' }
  | {
      readonly state: 'known';
      readonly volumes: PersistentVolume[];
      /** Claims that wait for the choice of a node. */
      readonly unbound: PersistentVolumeClaim[];
    };

/** What the pod's claims say about where it may run. */
function claimsOf(pod: Pod, world: World): Claims {
  const volumes: PersistentVolume[] = [];
  const unbound: PersistentVolumeClaim[] = [];
  for (const { persistentVolumeClaim } of pod.spec?.volumes ?? []) {
    if (!persistentVolumeClaim) continue;
    const name = persistentVolumeClaim.claimName;
    const claim = world.persistentVolumeClaims.get(namespaceOf(pod), name);
    if (!claim) return { state: 'missing', message: `persistentvolumeclaim "${name}" not found` };
    if (isDeleting(claim)) return { state: 'missing', message: `persistentvolumeclaim "${name}" is being deleted` };
    if (claim.status?.phase === 'Lost') {
      return { state: 'missing', message: `persistentvolumeclaim "${name}" bound to a non-existent persistentvolume` };
    }
    const volume = world.persistentVolumes.get(undefined, claim.spec?.volumeName ?? '');
    const waitsForUs = classOf(claim, world)?.volumeBindingMode === 'WaitForFirstConsumer';
    if (volume && claim.status?.phase === 'Bound') volumes.push(volume);
    else if (!claim.spec?.volumeName && waitsForUs) unbound.push(claim);
    else if (claim.spec?.volumeName) return { state: 'binding' };
    else return { state: 'missing', message: 'pod has unbound immediate PersistentVolumeClaims' };
  }
  return { state: 'known', volumes, unbound };
}

function unschedulable(pod: Pod, message: string, now: string): Plan {
  const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message };
  const others = (pod.status?.conditions ?? []).filter((it) => it.type !== 'PodScheduled');
  const before = pod.status?.conditions?.find((it) => it.type === 'PodScheduled');
  if (before?.message === message) return nothing;
  const lastTransitionTime = before?.status === 'False' ? before.lastTransitionTime : now;
  return {
    actions: [
      ...statusPatch('pods', pod, { conditions: [...others, { ...condition, lastTransitionTime }] }),
      { do: 'event', about: pod, event: { type: 'Warning', reason: 'FailedScheduling', message } },
    ],
  };
}

const explain = (reasons: readonly string[]): string => {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const parts = [...counts].sort().map(([reason, count]) => `${count} ${reason}`);
  return `0/${reasons.length} nodes are available${parts.length > 0 ? `: ${parts.join(', ')}` : ''}.`;
};

/** A pod where it runs, or where it will: its claims have been told a node, and it is bound when they are. */
function placeOf(pod: Pod, world: World): Pod[] {
  if (isPlaced(pod)) return [pod];
  if (pod.spec?.nodeName !== undefined || isDeleting(pod)) return [];
  const told = (pod.spec?.volumes ?? [])
    .map(({ persistentVolumeClaim: it }) => it && world.persistentVolumeClaims.get(namespaceOf(pod), it.claimName))
    .map((claim) => claim && selectedNode(claim))
    .find((name) => name !== undefined);
  return told === undefined || !pod.spec ? [] : [{ ...pod, spec: { ...pod.spec, nodeName: told } }];
}

/** Chooses a node for one pod, and says it to its claims before the pod is bound. */
export function planSchedule(pod: Pod, world: World, now: number): Plan {
  if (pod.spec?.nodeName !== undefined || isDeleting(pod)) return nothing;
  if ((pod.spec?.schedulerName ?? 'default-scheduler') !== 'default-scheduler') return nothing;
  if ((pod.spec?.schedulingGates ?? []).length > 0) return nothing;
  const time = timestamp(now);
  const claims = claimsOf(pod, world);
  if (claims.state === 'binding') return nothing;
  if (claims.state === 'missing') return unschedulable(pod, claims.message, time);
  const all = world.nodes.list();
  const nodes = new Map<string, Node>(all.map((node) => [nameOf(node), node]));
  const placed = world.pods.list().flatMap((other) => (uidOf(other) === uidOf(pod) ? [] : placeOf(other, world)));
  const facts = all.map((node): SchedulingFacts => ({ pod, node, placed, nodes, volumes: claims.volumes }));
  const judged = facts.map((it) => ({ it, obstacle: obstacleOf(it) }));
  const possible = judged.filter(({ obstacle }) => obstacle === undefined).map(({ it }) => it);
  if (possible.length === 0) return unschedulable(pod, explain(judged.map(({ obstacle }) => obstacle ?? '')), time);
  // A choice that was told to a claim stands while it is possible: its volume may be in the making there.
  const told = claims.unbound.map(selectedNode).find((name) => name !== undefined);
  const best = [...possible].sort((a, b) => score(b) - score(a) || nameOf(a.node).localeCompare(nameOf(b.node)))[0];
  const chosen = possible.find(({ node }) => nameOf(node) === told) ?? best;
  const node = nameOf(chosen?.node ?? {});
  if (claims.unbound.length > 0) return { actions: claims.unbound.flatMap((claim) => tellClaim(claim, node)) };
  return {
    actions: [
      { do: 'bind', key: keyOf(pod), uid: uidOf(pod), node },
      {
        do: 'event',
        about: pod,
        event: {
          type: 'Normal',
          reason: 'Scheduled',
          message: `Successfully assigned ${namespaceOf(pod)}/${nameOf(pod)} to ${node}`,
        },
      },
    ],
  };
}

function tellClaim(claim: PersistentVolumeClaim, node: string): Action[] {
  if (selectedNode(claim) === node) return [];
  const patch = { metadata: { annotations: { 'volume.kubernetes.io/selected-node': node } } };
  return [{ do: 'patch', kind: 'persistentVolumeClaims', key: keyOf(claim), patch }];
}
