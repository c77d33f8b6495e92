import { jobName } from '../../../naming.ts';
import { jobRole } from '../../../labels.ts';
import { createClaims, createJob } from '../create.ts';
import { decided, subjectCondition } from '../decided.ts';
import { nextReplicas } from '../decide/next-replicas.ts';
import { phase } from '../phase-names.ts';
import { goOn, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';

/** Replicas are made side by side, by Jobs that copy the primary. */
export async function addReplicas(scope: ObservedScope): Promise<PhaseResult> {
  const { world, cluster, report } = scope;
  const { running, create, rule } = nextReplicas(cluster, world);
  if (running.length + create.length === 0) {
    const said = cluster.status?.conditions?.some(({ type }) => type === subjectCondition('Scaling')) ?? false;
    const leaving = world.instances.some(({ removal }) => removal !== undefined);
    const message = `${cluster.spec.instances} instances, as specified`;
    if (said && rule === 'enough' && !leaving) decided(scope, 'Scaling', { rule, status: 'True', message });
    return goOn;
  }
  const described = [
    ...running.map(({ name, failures, message }) => {
      const tried = failures > 0 ? ` (${failures} failed so far, the last with: ${message})` : '';
      return `${jobName(name, jobRole.join)}${tried}`;
    }),
    ...create.map(({ name }) => jobName(name, jobRole.join)),
  ];
  report.phase(phase.creatingReplica, `Creating replica ${described.join(', ')}`);
  if (create.length > 0) scope.log.info({ rule, replicas: create.map(({ name }) => name) }, 'creating replicas');
  for (const { serial, missing } of create) {
    await createClaims(scope, serial, missing, false);
    await createJob(scope, serial, jobRole.join);
  }
  return goOn;
}
