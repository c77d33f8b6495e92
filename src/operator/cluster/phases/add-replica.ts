import { jobName } from '../../../naming.ts';
import { jobRole } from '../../../labels.ts';
import { createClaims, createJob } from '../create.ts';
import { nextReplica } from '../decide/next-replica.ts';
import { phase } from '../phase-names.ts';
import { goOn, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';

/** Replicas are made one after another, by Jobs that copy the primary. */
export async function addReplica(scope: ObservedScope): Promise<PhaseResult> {
  const { world, cluster, report } = scope;
  const next = nextReplica(cluster, world);
  if (next.kind === 'none') return goOn;
  const job = jobName(next.name, jobRole.join);
  if (next.kind === 'running') {
    const tried = next.failures > 0 ? `; ${next.failures} failed so far, the last with: ${next.message}` : '';
    report.phase(phase.creatingReplica, `Creating replica ${job}${tried}`);
    return goOn;
  }
  report.phase(phase.creatingReplica, `Creating replica ${job}`);
  await createClaims(scope, next.serial, next.missing, false);
  await createJob(scope, next.serial, jobRole.join);
  return goOn;
}
