import type { Cluster } from '../../../api/generated/cluster.ts';
import { isReady, members, type Instance, type World } from '../world.ts';

/**
 * The instance that is one too many, or undefined. Never the primary, present or wanted, and only while the primary serves: a copy is
 * given up only when a better one is known to be there.
 */
export function instanceTooMany({ spec, status }: Cluster, world: World): Instance | undefined {
  const present = members(world);
  if (present.length <= spec.instances) return undefined;
  const primary = present.find(({ name }) => name === status?.currentPrimary);
  if (!isReady(primary?.pod) || primary?.filled !== true) return undefined;
  return present
    .filter(({ name }) => name !== status?.currentPrimary && name !== status?.targetPrimary)
    .sort((a, b) => Number(a.pod !== undefined) - Number(b.pod !== undefined) || b.serial - a.serial)[0];
}
