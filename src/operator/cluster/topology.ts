import { failureDomain, failureDomainKeys, podKeys, wishedTarget } from '../../postgres/synchronous-wish.ts';
import type { ClusterStatus } from '../../api/generated/cluster.ts';
import type { Pod } from '../../kube/objects.ts';
import { conditionReason, conditionType } from './phase-names.ts';
import type { ObservedScope } from './scope.ts';
import { isReady, members } from './world.ts';

type Topology = NonNullable<ClusterStatus['topology']>;

/** What an instance's pod, or the node that it runs on, has of the labels that are asked for; undefined: it is on no node that is known. */
function labelsOf({ cluster, owned }: ObservedScope, pod: Pod): Record<string, string> | undefined {
  const keys = failureDomainKeys(cluster.spec);
  const ofPods = podKeys(cluster.spec);
  const node = owned.nodes.get(undefined, pod.spec?.nodeName ?? '');
  if (!node && keys.length > ofPods.length) return undefined;
  const entries = keys.flatMap((key) => {
    const value = (ofPods.includes(key) ? pod : node)?.metadata?.labels?.[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries(entries);
}

/** An instance whose pod is away is where it was: a set of synchronous standbys does not change because one of them restarts. */
function topologyOf(scope: ObservedScope): Topology {
  const { pods } = scope.world;
  const before = scope.cluster.status?.topology?.instances ?? {};
  const found = members(scope.world).flatMap(({ name, pod }) => {
    const placed = pod?.spec?.nodeName === undefined ? undefined : pod;
    const known = placed ? labelsOf(scope, placed) : before[name];
    return (placed ?? known) ? [[name, known] as const] : [];
  });
  return {
    instances: Object.fromEntries(found.map(([name, labels]) => [name, labels ?? {}])),
    nodesUsed: new Set(pods.flatMap(({ spec }) => spec?.nodeName ?? [])).size,
    successfullyExtracted: found.every(([, labels]) => labels !== undefined),
  };
}

const why = {
  InsufficientCrossDomainReplicas: (keys: string) =>
    `Too few standbys differ from the primary in ${keys}: all of them may be synchronous.`,
  TopologyNotExtracted: (keys: string) =>
    `The labels ${keys} of an instance or its node could not be read: all standbys may be synchronous.`,
} as const;

/** Where the instances are, and whether synchronous standbys can be kept in other failure domains than the primary (reference §2.10). */
export function describeTopology(scope: ObservedScope): void {
  const { cluster, report, world } = scope;
  const topology = topologyOf(scope);
  report.set({ topology });
  const keys = failureDomainKeys(cluster.spec);
  const type = conditionType.synchronousTopology;
  const primary = cluster.status?.currentPrimary ?? '';
  const located = { ...cluster, status: { ...cluster.status, topology } };
  const standbys = members(world)
    .filter(({ name }) => name !== primary)
    .map(({ name, pod }) => {
      const domain = failureDomain(located, primary, name);
      return { instance: name, incarnation: '', healthy: isReady(pod), failureDomain: domain };
    });
  const target = wishedTarget(cluster.spec, standbys);
  // Without a primary or a wish there is nothing to be said of it.
  if (keys.length === 0 || primary === '' || (target.number === 0 && target.topology === undefined)) {
    report.conditions.delete(type);
    return;
  }
  const reason = target.topology ?? conditionReason.topologySatisfied;
  const said = keys.join(', ');
  report.condition({
    ...{ type, reason, status: target.topology ? 'False' : 'True' },
    message: target.topology ? why[target.topology](said) : `Synchronous standbys differ from the primary in ${said}.`,
  });
}
