import type { Cluster } from '../../../api/generated/cluster.ts';
import { annotation } from '../../../labels.ts';
import { isReady, members, type Instance, type World } from '../world.ts';

export interface GivenUp {
  readonly instance: Instance;
  readonly rule: 'unrecoverable' | 'new-volume-in-maintenance';
  readonly reason: string;
}

const isUnschedulable = ({ pod }: Instance): boolean =>
  pod?.status?.conditions?.some(({ type, status }) => type === 'PodScheduled' && status === 'False') ?? false;

/**
 * Replicas that a person has given up, to be made anew with new volumes: marked as unrecoverable, or kept from running by a node
 * under maintenance whose volumes are not to be waited for. Never the primary, and only while it serves.
 */
export function givenUp(cluster: Cluster, world: World): GivenUp[] {
  const { currentPrimary, targetPrimary } = cluster.status ?? {};
  const present = members(world);
  const primary = present.find(({ name }) => name === currentPrimary);
  if (!isReady(primary?.pod) || primary?.filled !== true) return [];
  const { inProgress = false, reusePVC = true } = cluster.spec.nodeMaintenanceWindow ?? {};
  return present
    .filter(({ name, filled }) => filled && name !== currentPrimary && name !== targetPrimary)
    .flatMap((instance): GivenUp[] => {
      if (instance.pod?.metadata?.annotations?.[annotation.unrecoverable] === 'true') {
        return [{ instance, rule: 'unrecoverable', reason: 'it was marked as unrecoverable' }];
      }
      if (inProgress && !reusePVC && isUnschedulable(instance)) {
        const reason = 'its node is under maintenance and reusePVC is false';
        return [{ instance, rule: 'new-volume-in-maintenance', reason }];
      }
      return [];
    });
}
