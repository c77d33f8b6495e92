import type { Job, Pod } from '../../kube/objects.ts';
import {
  type Action,
  type Plan,
  controls,
  isDeleting,
  keyOf,
  nameOf,
  namespaceOf,
  nothing,
  ownerReference,
  statusPatch,
  uidOf,
  timestamp,
} from './action.ts';
import { judgeFailure } from './job-failure.ts';
import { isReady } from './pods.ts';

const second = 1000;
const defaultBackoffLimit = 6;
/** Between failed pods: 10 s, doubled, at most 6 minutes (Kubernetes: Job back-off). */
const retryDelay = (failures: number): number => Math.min(360, 10 * 2 ** Math.max(0, failures - 1)) * second;

type Condition = NonNullable<NonNullable<Job['status']>['conditions']>[number];

const finishedCondition = (job: Job): Condition | undefined =>
  job.status?.conditions?.find((it) => (it.type === 'Complete' || it.type === 'Failed') && it.status === 'True');

/** The pod that a Job makes. */
export function jobPod(job: Job, suffix: string) {
  const template = job.spec?.template;
  const own = {
    'batch.kubernetes.io/job-name': nameOf(job),
    'batch.kubernetes.io/controller-uid': uidOf(job),
    'job-name': nameOf(job),
    'controller-uid': uidOf(job),
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${nameOf(job).slice(0, 57)}-${suffix}`,
      namespace: namespaceOf(job),
      labels: { ...template?.metadata?.labels, ...own },
      ...(template?.metadata?.annotations ? { annotations: template.metadata.annotations } : {}),
      ownerReferences: [ownerReference(job, 'batch/v1', 'Job')],
    },
    spec: template?.spec,
  };
}

interface Counts {
  readonly active: Pod[];
  readonly succeeded: number;
  readonly failed: number;
  /** Failures that count against backoffLimit: of pods, and of containers restarted in place. */
  readonly retries: number;
  readonly lastFailure: number;
}

function count(job: Job, pods: readonly Pod[]): Counts {
  const phase = (wanted: string): Pod[] => pods.filter((pod) => pod.status?.phase === wanted);
  const failed = phase('Failed').filter((pod) => judgeFailure(job, pod)?.action !== 'Ignore');
  const active = pods.filter((pod) => !isDeleting(pod) && !['Succeeded', 'Failed'].includes(pod.status?.phase ?? ''));
  const restarts = (pod: Pod): number =>
    [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].reduce(
      (sum, it) => sum + it.restartCount,
      0,
    );
  const ends = failed.flatMap((pod) =>
    (pod.status?.containerStatuses ?? []).map((it) => Date.parse(it.state?.terminated?.finishedAt ?? '')),
  );
  // Pods that are gone stay counted: a Job does not start anew because somebody cleans up.
  const failures = Math.max(failed.length, job.status?.failed ?? 0);
  return {
    active,
    succeeded: Math.max(phase('Succeeded').length, job.status?.succeeded ?? 0),
    failed: failures,
    retries: failures + active.reduce((sum, pod) => sum + restarts(pod), 0),
    lastFailure: Math.max(0, ...ends.filter((it) => !Number.isNaN(it))),
  };
}

const deletePods = (pods: readonly Pod[]): Action[] =>
  pods.map((pod) => ({ do: 'delete', kind: 'pods', key: keyOf(pod), uid: uidOf(pod) }));

function finish(
  job: Job,
  counts: Counts,
  type: 'Complete' | 'Failed',
  reason: string,
  message: string,
  now: number,
): Plan {
  const time = timestamp(now);
  const condition = { type, status: 'True', reason, message, lastProbeTime: time, lastTransitionTime: time };
  const status = {
    active: null,
    ready: 0,
    succeeded: counts.succeeded || null,
    failed: counts.failed || null,
    startTime: job.status?.startTime ?? time,
    ...(type === 'Complete' ? { completionTime: time } : {}),
    conditions: [...(job.status?.conditions ?? []), condition],
  };
  const event = {
    type: type === 'Complete' ? 'Normal' : 'Warning',
    reason: type === 'Complete' ? 'Completed' : reason,
    message,
  } as const;
  return {
    actions: [
      ...(type === 'Failed' ? deletePods(counts.active) : []),
      { do: 'patchStatus', kind: 'jobs', key: keyOf(job), patch: { status } },
      { do: 'event', about: job, event },
    ],
  };
}

function planFinished(job: Job, ended: Condition, now: number): Plan {
  const ttl = job.spec?.ttlSecondsAfterFinished;
  if (ttl === undefined) return nothing;
  const left = Date.parse(ended.lastTransitionTime ?? '') + ttl * second - now;
  if (left > 0) return { actions: [], afterMs: left };
  const options = { propagationPolicy: 'Background' } as const;
  return { actions: [{ do: 'delete', kind: 'jobs', key: keyOf(job), uid: uidOf(job), options }] };
}

function planSuspended(job: Job, counts: Counts, now: number): Plan {
  const conditions = (job.status?.conditions ?? []).filter((it) => it.type !== 'Suspended');
  const before = job.status?.conditions?.find((it) => it.type === 'Suspended' && it.status === 'True');
  const time = before?.lastTransitionTime ?? timestamp(now);
  const suspended = {
    type: 'Suspended',
    status: 'True',
    reason: 'JobSuspended',
    message: 'Job suspended',
    lastTransitionTime: time,
  };
  const status = { active: null, ready: 0, startTime: null, conditions: [...conditions, suspended] };
  return { actions: [...deletePods(counts.active), ...statusPatch('jobs', job, status)] };
}

/** The failed pod whose exit code the Job's policy takes for the end of the whole Job, in Kubernetes' words. */
function failedForGood(job: Job, pods: readonly Pod[]): string | undefined {
  for (const pod of pods.filter((it) => it.status?.phase === 'Failed')) {
    const verdict = judgeFailure(job, pod);
    if (verdict?.action !== 'FailJob' || verdict.container === undefined) continue;
    const { container, code, index } = verdict;
    const place = `${namespaceOf(pod)}/${nameOf(pod)}`;
    return `Container ${container} for pod ${place} failed with exit code ${code} matching FailJob rule at index ${index}`;
  }
  return undefined;
}

/** One step of a Job with one pod at a time and one completion. `suffix` names a new pod. */
export function planJob(job: Job, allPods: readonly Pod[], now: number, suffix: string): Plan {
  if (isDeleting(job)) return nothing;
  const ended = finishedCondition(job);
  if (ended) return planFinished(job, ended, now);
  const own = allPods.filter((pod) => controls(job, pod));
  const counts = count(job, own);
  if (job.spec?.suspend === true) return planSuspended(job, counts, now);
  if (counts.succeeded > 0 && counts.active.length === 0) {
    return finish(job, counts, 'Complete', 'CompletionsReached', 'Reached expected number of succeeded pods', now);
  }
  const hopeless = failedForGood(job, own);
  if (hopeless !== undefined) return finish(job, counts, 'Failed', 'PodFailurePolicy', hopeless, now);
  if (counts.retries > (job.spec?.backoffLimit ?? defaultBackoffLimit)) {
    return finish(job, counts, 'Failed', 'BackoffLimitExceeded', 'Job has reached the specified backoff limit', now);
  }
  const started = job.status?.startTime ?? timestamp(now);
  const deadline = job.spec?.activeDeadlineSeconds;
  const left = deadline === undefined ? undefined : Date.parse(started) + deadline * second - now;
  if (left !== undefined && left <= 0) {
    return finish(job, counts, 'Failed', 'DeadlineExceeded', 'Job was active longer than specified deadline', now);
  }
  const wait = counts.failed === 0 ? 0 : counts.lastFailure + retryDelay(counts.failed) - now;
  // A pod on its way out may still write to the volume that the next one would use.
  const occupied = own.some(isDeleting);
  const create = counts.active.length === 0 && counts.succeeded === 0 && wait <= 0 && !occupied;
  const pod = create ? jobPod(job, suffix) : undefined;
  const message = `Created pod: ${pod?.metadata.name}`;
  const actions: Action[] = pod
    ? [
        { do: 'create', kind: 'pods', object: pod },
        { do: 'event', about: job, event: { type: 'Normal', reason: 'SuccessfulCreate', message } },
      ]
    : [];
  const conditions = (job.status?.conditions ?? []).filter((it) => it.type !== 'Suspended');
  const status = {
    active: counts.active.length + (pod ? 1 : 0) || null,
    ready: counts.active.filter(isReady).length,
    succeeded: counts.succeeded || null,
    failed: counts.failed || null,
    startTime: started,
    ...(conditions.length < (job.status?.conditions ?? []).length ? { conditions } : {}),
  };
  const timers = [left, wait > 0 ? wait : undefined].filter((it) => it !== undefined);
  return {
    actions: [...actions, ...statusPatch('jobs', job, status)],
    ...(timers.length > 0 ? { afterMs: Math.min(...timers) } : {}),
  };
}
