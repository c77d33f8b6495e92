import type { Job, PersistentVolumeClaim, Pod } from '../../kube/objects.ts';
import type { Cluster } from '../../api/generated/cluster.ts';
import { annotation, label, podRole, pvcRole, pvcStatus, type JobRole } from '../../labels.ts';
import { instanceName } from '../../naming.ts';
import { claimsOf } from '../../resources/claim.ts';
import type { StatusAnswer } from './instance-status.ts';
import { hasEnded, isTerminating, type Instance, type JobFact, type JobState, type World } from './world.ts';

type Labelled = { metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> } };

const labelOf = (object: Labelled, key: string): string | undefined => object.metadata?.labels?.[key];
const annotationOf = (object: Labelled, key: string): string | undefined => object.metadata?.annotations?.[key];
const instanceOf = (object: Labelled): string => labelOf(object, label.instanceName) ?? '';

const isInstancePod = (pod: Pod): boolean =>
  labelOf(pod, label.podRole) === podRole.instance && labelOf(pod, label.jobRole) === undefined;

/** The serial at the end of an instance's name, or undefined when the name is not one of this cluster's instances. */
export function serialOf(cluster: string, instance: string): number | undefined {
  const digits = instance.startsWith(`${cluster}-`) ? instance.slice(cluster.length + 1) : '';
  return /^[1-9]\d*$/.test(digits) ? Number(digits) : undefined;
}

function hasSucceeded({ status }: Pod): boolean {
  if (status?.phase === 'Succeeded') return true;
  const containers = status?.containerStatuses ?? [];
  return containers.length > 0 && containers.every(({ state }) => state?.terminated?.exitCode === 0);
}

function jobState(job: Job, pods: readonly Pod[]): JobState {
  const condition = (type: string): boolean =>
    job.status?.conditions?.some((entry) => entry.type === type && entry.status === 'True') ?? false;
  if (condition('Complete') || annotationOf(job, annotation.filled) !== undefined) return 'succeeded';
  if (condition('Failed')) return 'failed';
  // The pod knows before the Job's controller says so, and its container a second before the pod is taken down.
  return pods.some(hasSucceeded) ? 'succeeded' : 'running';
}

/** The end of a line of ours, whose message stands last. */
const messageAtTheEnd = /"msg":("(?:[^"\\]|\\.)*")\}$/;

/**
 * What a line of our log says to people: the message and the error in it. Kubernetes keeps the last 2 KiB of a log, so the beginning of a line
 * with a stack may be gone. Other lines stand as they are.
 */
export function spoken(line: string): string {
  try {
    const { msg, err } = JSON.parse(line) as { msg?: string; err?: { message?: string } };
    return [msg, err?.message].filter((part) => part !== undefined && part !== '').join(': ') || line;
  } catch {
    const message = messageAtTheEnd.exec(line)?.[1];
    return message === undefined ? line : (JSON.parse(message) as string);
  }
}

function lastWords(pods: readonly Pod[]): string {
  const [last] = pods
    .flatMap((pod) => pod.status?.containerStatuses ?? [])
    .map(({ state, lastState }) => state?.terminated ?? lastState?.terminated)
    .filter((terminated) => terminated !== undefined && terminated.exitCode !== 0)
    .sort((a, b) => (b?.finishedAt ?? '').localeCompare(a?.finishedAt ?? ''));
  if (last === undefined) return '';
  const lines = (last.message ?? '').trim().split('\n');
  return spoken(lines.at(-1) ?? '') || `${last.reason ?? 'Error'}, exit code ${last.exitCode}`;
}

const wasDisrupted = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'DisruptionTarget' && status === 'True') ?? false;

export function jobFact(job: Job, allPods: readonly Pod[]): JobFact {
  const name = job.metadata?.name ?? '';
  const pods = allPods.filter(
    (pod) =>
      pod.metadata?.ownerReferences?.some(({ uid }) => uid === job.metadata?.uid) ??
      labelOf(pod, 'batch.kubernetes.io/job-name') === name,
  );
  return {
    job,
    role: labelOf(job, label.jobRole) as JobRole,
    state: jobState(job, pods),
    placed: pods.some((pod) => (pod.spec?.nodeName ?? '') !== '' && !hasEnded(pod) && !isTerminating(pod)),
    failures: job.status?.failed ?? pods.filter((pod) => pod.status?.phase === 'Failed' && !wasDisrupted(pod)).length,
    message: lastWords(pods),
  };
}

interface Observed {
  readonly pods: readonly Pod[];
  readonly claims: readonly PersistentVolumeClaim[];
  readonly jobs: readonly Job[];
  readonly answers: ReadonlyMap<string, StatusAnswer>;
}

function instance(cluster: Cluster, name: string, serial: number, observed: Observed): Instance {
  const claims = observed.claims.filter((claim) => instanceOf(claim) === name);
  const data = claims.find((claim) => labelOf(claim, label.pvcRole) === pvcRole.data);
  const have = new Set(claims.map(({ metadata }) => metadata?.name));
  const jobs = observed.jobs.filter((job) => instanceOf(job) === name && !isTerminating(job));
  const [job] = jobs.map((entry) => jobFact(entry, observed.pods));
  const statusOf = (claim: PersistentVolumeClaim): string | undefined => annotationOf(claim, annotation.pvcStatus);
  return {
    name,
    serial,
    claims,
    missing: claimsOf(cluster, name).filter((role) => !have.has(role.name)),
    terminating: claims.some(isTerminating),
    filled: data !== undefined && statusOf(data) === pvcStatus.ready,
    removal: claims.map((claim) => annotationOf(claim, annotation.removal)).find((reason) => reason !== undefined),
    unusable: data === undefined && claims.some((claim) => statusOf(claim) === pvcStatus.ready),
    detached: claims.some((claim) => statusOf(claim) === pvcStatus.detached),
    pod: observed.pods.find((pod) => isInstancePod(pod) && pod.metadata?.name === name),
    job,
    answer: observed.answers.get(name),
  };
}

/** Sorts what was found by instance. */
export function buildWorld(cluster: Cluster, observed: Observed): World {
  const clusterName = cluster.metadata.name;
  const serials = new Set<number>();
  for (const object of [...observed.claims, ...observed.jobs, ...observed.pods.filter(isInstancePod)]) {
    const serial = serialOf(clusterName, instanceOf(object));
    if (serial !== undefined) serials.add(serial);
  }
  return {
    instances: [...serials]
      .sort((a, b) => a - b)
      .map((serial) => instance(cluster, instanceName(clusterName, serial), serial, observed)),
    pods: observed.pods.filter(isInstancePod),
    claims: observed.claims,
    jobs: observed.jobs,
  };
}
