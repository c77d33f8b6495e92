import { decided } from '../decided.ts';
import { givenUp } from '../decide/give-up.ts';
import { markForRemoval } from '../mark-removal.ts';
import { eventReason } from '../phase-names.ts';
import { goOn, stop, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';

/** Writes down which replicas are given up. Removing them, and making others, is the business of other phases. */
export async function giveUp(scope: ObservedScope): Promise<PhaseResult> {
  const all = givenUp(scope.cluster, scope.world);
  if (all.length === 0) return goOn;
  for (const { instance, rule, reason } of all) {
    await markForRemoval(scope, instance, reason);
    const message = `Making ${instance.name} anew: ${reason}`;
    const event = { type: 'Normal', reason: eventReason.deleteUnrecoverable } as const;
    decided(scope, 'Scaling', { rule, status: 'False', message, event });
  }
  return stop('GivenUp', 0);
}
