import type { Pod } from '../../kube/objects.ts';

export const isFinished = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

export const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some((it) => it.type === 'Ready' && it.status === 'True') ?? false;

const tick = 1000;

/** Ready for at least `seconds`. */
export function isAvailable(pod: Pod, seconds: number, now: number): boolean {
  const ready = pod.status?.conditions?.find((it) => it.type === 'Ready' && it.status === 'True');
  if (!ready || pod.metadata?.deletionTimestamp !== undefined) return false;
  return seconds === 0 || now - Date.parse(ready.lastTransitionTime ?? '') >= seconds * tick;
}
