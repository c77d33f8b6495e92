import { goOn, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';

/** The target primary must be an instance that exists: a wish for one that does not is taken back (reference §2.9). */
export function keepTarget(scope: ObservedScope): Promise<PhaseResult> {
  const { world, cluster, report } = scope;
  const { currentPrimary = '', targetPrimary = '' } = cluster.status ?? {};
  const exists = (name: string): boolean =>
    world.instances.some((instance) => instance.name === name && instance.filled);
  if (report.targetPrimary !== undefined || (targetPrimary !== '' && exists(targetPrimary)))
    return Promise.resolve(goOn);
  // `pending` is a state of a failover, not the name of an instance.
  if (targetPrimary === 'pending') return Promise.resolve(goOn);
  const fallback = currentPrimary !== '' ? currentPrimary : world.instances.find(({ filled }) => filled)?.name;
  if (fallback !== undefined && exists(fallback)) report.targetPrimary = fallback;
  return Promise.resolve(goOn);
}
