import type { PersistentVolumeClaim } from '../../../kube/objects.ts';
import { resource } from '../../../kube/resource-types.ts';
import { annotation, jobRole, label, pvcRole, pvcStatus } from '../../../labels.ts';
import { eventReason, phase } from '../phase-names.ts';
import { goOn, stop, type PhaseResult } from '../result.ts';
import type { ObservedScope } from '../scope.ts';
import { hasDatabase, type Instance, type JobFact } from '../world.ts';

/** How long a failed join is left for people to look at before the instance is made anew. */
const failedJoinMs = 60_000;

/** The data's claim last: it alone says that the instance is filled, and none of the others is looked at from then on. */
async function markFilled(scope: ObservedScope, instance: Instance): Promise<void> {
  const { api, namespace, signal } = scope;
  const isData = ({ metadata }: PersistentVolumeClaim): boolean => metadata?.labels?.[label.pvcRole] === pvcRole.data;
  const dataLast = [...instance.claims].sort((a, b) => Number(isData(a)) - Number(isData(b)));
  for (const { metadata } of dataLast) {
    if (metadata?.annotations?.[annotation.pvcStatus] === pvcStatus.ready) continue;
    const patch = { metadata: { annotations: { [annotation.pvcStatus]: pvcStatus.ready } } };
    await api.patch(resource.persistentVolumeClaims, { namespace, name: metadata?.name ?? '' }, patch, { signal });
  }
}

async function removeJob({ api, namespace, signal }: ObservedScope, { job }: JobFact): Promise<void> {
  const preconditions = { uid: job.metadata?.uid ?? '' };
  await api.delete(resource.jobs, { namespace, name: job.metadata?.name ?? '' }, { preconditions, signal });
}

const endedAt = ({ job }: JobFact): number => {
  const failed = job.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
  return Date.parse(failed?.lastTransitionTime ?? job.metadata?.creationTimestamp ?? '');
};

const describe = ({ job, message }: JobFact): string =>
  `Job ${job.metadata?.name ?? ''} failed${message === '' ? '' : `: ${message}`}`;

/** A join that failed for good costs nobody but itself: its claims hold nothing, and the instance is made again. */
async function failedJoin(scope: ObservedScope, instance: Instance, fact: JobFact): Promise<number> {
  const { api, namespace, signal, now } = scope;
  const remaining = endedAt(fact) + failedJoinMs - now.getTime();
  const message = describe(fact);
  scope.emit({ type: 'Warning', reason: eventReason.joinFailed, message });
  scope.report.phase(phase.creatingReplica, message);
  if (remaining > 0) return remaining;
  const patch = { metadata: { annotations: { [annotation.removal]: 'its join failed' } } };
  for (const { metadata } of instance.claims) {
    await api.patch(resource.persistentVolumeClaims, { namespace, name: metadata?.name ?? '' }, patch, { signal });
  }
  await removeJob(scope, fact);
  return 0;
}

/** The very first instance could not be made. Tried again when the specification changes, or when somebody deletes the Job. */
async function failedBootstrap(scope: ObservedScope, fact: JobFact): Promise<PhaseResult> {
  const message = describe(fact);
  const madeFor = Number(fact.job.metadata?.annotations?.[annotation.clusterGeneration] ?? 0);
  if (madeFor < (scope.cluster.metadata.generation ?? 0)) {
    await removeJob(scope, fact);
    scope.report.phase(phase.settingUpPrimary, `${message}; trying again with the changed specification`);
    return stop('BootstrapRetried', 1_000);
  }
  scope.emit({ type: 'Warning', reason: eventReason.bootstrapFailed, message });
  scope.report.phase(phase.unrecoverable, message);
  return stop('BootstrapFailed');
}

/** It was made beside its Job, and serves before the Job could say that it is done, or in its place. */
const isFilledAlready = (instance: Instance): boolean =>
  !instance.filled &&
  instance.claims.length > 0 &&
  instance.pod?.metadata?.annotations?.[annotation.startsBeside] !== undefined &&
  hasDatabase(instance);

/** Takes note of Jobs that are done. Claims are marked as filled before the Job goes, so that no crash can forget it. */
export async function finishJobs(scope: ObservedScope): Promise<PhaseResult> {
  let changed = false;
  let wait: number | undefined;
  for (const instance of scope.world.instances) {
    const fact = instance.job;
    if (instance.removal !== undefined) continue;
    if (isFilledAlready(instance)) {
      await markFilled(scope, instance);
      changed = true;
      continue;
    }
    if (fact === undefined) continue;
    if (fact.state === 'succeeded') {
      if (!instance.filled) {
        await markFilled(scope, instance);
        changed = true;
      }
      // The Job may still have its pod to account for: it goes when its controller is done with it.
      if (fact.job.status?.conditions?.some(({ type }) => type === 'Complete') === true) await removeJob(scope, fact);
    } else if (fact.state === 'failed' && !instance.filled) {
      if (fact.role !== jobRole.join) return failedBootstrap(scope, fact);
      wait = Math.min(wait ?? Infinity, await failedJoin(scope, instance, fact));
      changed ||= wait === 0;
    }
  }
  if (changed) return stop('JobsFinished', 0);
  if (wait !== undefined) scope.report.lookAgain(wait);
  return goOn;
}
