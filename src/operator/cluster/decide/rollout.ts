import { isDeepStrictEqual } from 'node:util';
import type { Cluster } from '../../../api/generated/cluster.ts';
import type { Pod } from '../../../kube/objects.ts';
import { annotation } from '../../../labels.ts';
import type { BuildSettings } from '../../../resources/model.ts';
import { instancePod, recordedPodSpec } from '../../../resources/pod.ts';
import { isReady, isTerminating, members, type Instance, type World } from '../world.ts';

export type Rollout =
  | { readonly kind: 'none' }
  | { readonly kind: 'wait'; readonly reason: string }
  | { readonly kind: 'restart'; readonly instance: Instance; readonly primary: boolean; readonly reason: string };

/** As the API server stores it: without members that are undefined. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** Why a pod is not what it should be, in the names of the fields of its spec; undefined when it is. */
export function driftOf(cluster: Cluster, settings: BuildSettings, instance: Instance, pod: Pod): string | undefined {
  const restartedAt = cluster.metadata.annotations?.[annotation.restartedAt];
  if (restartedAt !== undefined && pod.metadata?.annotations?.[annotation.restartedAt] !== restartedAt) {
    return `a restart was asked for at ${restartedAt}`;
  }
  if (cluster.metadata.annotations?.[annotation.reconcilePodSpec] === 'disabled') return undefined;
  const recorded = recordedPodSpec(pod);
  if (recorded === undefined) return 'its pod does not say what it was made from';
  const wanted = plain(instancePod(cluster, settings, instance.serial).spec) as Record<string, unknown>;
  const before = recorded as unknown as Record<string, unknown>;
  const fields = [...new Set([...Object.keys(wanted), ...Object.keys(before)])].sort();
  const changed = fields.filter((field) => !isDeepStrictEqual(wanted[field], before[field]));
  return changed.length === 0 ? undefined : `its pod specification changed (${changed.join(', ')})`;
}

/** The next pod to be made anew: replicas first, one at a time, the primary last, each only when all others are ready. */
export function nextRollout(cluster: Cluster, settings: BuildSettings, world: World): Rollout {
  const present = members(world);
  const running = present.filter(({ filled, pod }) => filled && pod !== undefined);
  const drifted = running.flatMap((instance) => {
    const reason = instance.pod === undefined ? undefined : driftOf(cluster, settings, instance, instance.pod);
    return reason === undefined ? [] : [{ instance, reason }];
  });
  if (drifted.length === 0) return { kind: 'none' };
  if (running.some(({ pod }) => isTerminating(pod))) return { kind: 'wait', reason: 'a pod is on its way out' };
  const primaryName = cluster.status?.currentPrimary;
  const replicas = drifted
    .filter(({ instance }) => instance.name !== primaryName)
    .sort((a, b) => b.instance.serial - a.instance.serial);
  // One that does not work anyway may be cured by its new specification, and costs nothing.
  const broken = replicas.find(({ instance }) => !isReady(instance.pod));
  if (broken !== undefined) return { kind: 'restart', primary: false, ...broken };
  // Those that have no pod at this moment are on their way back, and those that are being filled copy the primary.
  const notReady = present.filter(
    ({ pod, name }) => !isReady(pod) && !drifted.some(({ instance }) => instance.name === name),
  );
  if (notReady.length > 0) {
    return { kind: 'wait', reason: `${notReady.map(({ name }) => name).join(', ')} is not ready` };
  }
  const [replica] = replicas;
  if (replica !== undefined) return { kind: 'restart', primary: false, ...replica };
  const [primary] = drifted;
  return primary === undefined ? { kind: 'none' } : { kind: 'restart', primary: true, ...primary };
}
