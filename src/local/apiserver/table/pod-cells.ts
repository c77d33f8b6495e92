import type { Loose, Obj } from '../model/types.ts';
import { age } from './cells.ts';

const statuses = (pod: Obj, field: string): Loose[] => (pod['status']?.[field] ?? []) as Loose[];
const isReady = (status: Loose): boolean => status.ready === true && status.state?.running !== undefined;

/** Sidecars: init containers that keep running. */
const sidecars = (pod: Obj): Set<string> =>
  new Set(
    ((pod['spec']?.initContainers ?? []) as Loose[])
      .filter((c) => c.restartPolicy === 'Always')
      .map((c) => c.name as string),
  );

export function readyCell(pod: Obj): string {
  const beside = sidecars(pod);
  const counted = [
    ...statuses(pod, 'containerStatuses'),
    ...statuses(pod, 'initContainerStatuses').filter((s) => beside.has(s.name)),
  ];
  return `${counted.filter(isReady).length}/${(pod['spec']?.containers ?? []).length + beside.size}`;
}

export function restartsCell(pod: Obj, now: Date): string {
  const all = [
    ...statuses(pod, 'containerStatuses'),
    ...statuses(pod, 'initContainerStatuses').filter((s) => sidecars(pod).has(s.name)),
  ];
  const count = all.reduce((sum, status) => sum + Number(status.restartCount ?? 0), 0);
  const last = all
    .map((status) => status.lastState?.terminated?.finishedAt as string | undefined)
    .filter((at) => at !== undefined)
    .sort()
    .at(-1);
  return count > 0 && last ? `${count} (${age(last, now)} ago)` : String(count);
}

function initReason(pod: Obj): string | undefined {
  const init = statuses(pod, 'initContainerStatuses');
  const beside = sidecars(pod);
  const total = (pod['spec']?.initContainers ?? []).length;
  for (const [index, status] of init.entries()) {
    const { terminated, waiting } = status.state ?? {};
    if (terminated?.exitCode === 0 || (beside.has(status.name) && status.started)) continue;
    if (terminated) {
      return `Init:${terminated.reason || (terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`)}`;
    }
    if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`;
    return `Init:${index}/${total}`;
  }
  return undefined;
}

function containerReason(pod: Obj, fallback: string): string {
  let reason = fallback;
  let running = false;
  for (const status of statuses(pod, 'containerStatuses').toReversed()) {
    const { waiting, terminated } = status.state ?? {};
    if (waiting?.reason) reason = waiting.reason;
    else if (terminated) {
      reason =
        terminated.reason || (terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`);
    } else if (isReady(status)) running = true;
  }
  if (reason !== 'Completed' || !running) return reason;
  const ready = statuses(pod, 'conditions').some(
    (condition) => condition.type === 'Ready' && condition.status === 'True',
  );
  return ready ? 'Running' : 'NotReady';
}

/** The STATUS that kubectl shows: the phase, or what a container suffers from. */
export function statusCell(pod: Obj): string {
  const phase: string = pod['status']?.reason || pod['status']?.phase || '';
  if (pod.metadata.deletionTimestamp) {
    if (pod['status']?.reason === 'NodeLost') return 'Unknown';
    return phase === 'Succeeded' || phase === 'Failed' ? containerReason(pod, phase) : 'Terminating';
  }
  return initReason(pod) ?? containerReason(pod, phase);
}
