import { drained } from '../drain.ts';
import { planSwitchover } from './plan-switchover.ts';
import { goOn, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';
import { members } from '../world.ts';

/** Role changes that are asked for, and those that a node needs that is to lose its pods: its budget keeps a primary from eviction. */
export function switchOver(scope: ObservedScope): Promise<PhaseResult> {
  const { world, cluster, owned, configuration } = scope;
  const primary = world.instances.find(({ name }) => name === cluster.status?.currentPrimary);
  const why = primary && drained(primary, owned.nodes, configuration.drainTaints);
  const node = primary?.pod?.spec?.nodeName ?? '';
  const others = members(world).some(({ name }) => name !== primary?.name);
  const reason =
    why !== undefined
      ? `node ${node} is to be left, ${why}`
      : primary?.terminating === true
        ? 'its volume is being deleted'
        : undefined;
  planSwitchover(scope, reason !== undefined && others ? { why: reason } : undefined);
  return Promise.resolve(goOn);
}
