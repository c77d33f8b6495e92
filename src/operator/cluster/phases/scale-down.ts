import { decided } from '../decided.ts';
import { instanceTooMany } from '../decide/scale-down.ts';
import { markForRemoval } from '../mark-removal.ts';
import { eventReason } from '../phase-names.ts';
import { goOn, stop, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';

/** Fewer instances are wanted: writes down which one goes. Removing it is another phase's. */
export async function scaleDown(scope: ObservedScope): Promise<PhaseResult> {
  const { world, cluster } = scope;
  const victim = instanceTooMany(cluster, world);
  if (victim === undefined) return goOn;
  await markForRemoval(scope, victim, `scaled down to ${cluster.spec.instances}`);
  const message = `Scaling down to ${cluster.spec.instances}: removing instance ${victim.name}`;
  const event = { type: 'Normal', reason: eventReason.scaleDown } as const;
  decided(scope, 'Scaling', { rule: 'youngest-replica-goes', status: 'False', message, event });
  return stop('ScaleDown', 0);
}
