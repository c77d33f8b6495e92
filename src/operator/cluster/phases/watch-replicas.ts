import { decided } from '../decided.ts';
import { eventReason } from '../phase-names.ts';
import { goOn, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';
import { members } from '../world.ts';

/** Says which replicas do not advance, though their pods may be ready (fault F21). What is done about it their managers decide. */
export function watchReplicas(scope: ObservedScope): Promise<PhaseResult> {
  const answers = members(scope.world).flatMap(({ name, answer }) =>
    answer?.ok === true ? [[name, answer] as const] : [],
  );
  const stalled = answers.filter(([, { status }]) => status.stalled !== undefined).map(([name]) => name);
  const said = scope.report.conditions.get('howdah.dev/Replication')?.status === 'False';
  if (stalled.length > 0) {
    decided(scope, 'Replication', {
      ...{ rule: 'stalled', status: 'False' },
      message: `does not advance although its primary does: ${stalled.join(', ')}`,
      event: { type: 'Warning', reason: eventReason.replicaStalled },
    });
  } else if (said && answers.length > 0) {
    decided(scope, 'Replication', { rule: 'advances', status: 'True', message: 'all replicas advance' });
  }
  return Promise.resolve(goOn);
}
