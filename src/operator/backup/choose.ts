import type { Backup } from '../../api/generated/backup.ts';
import type { Cluster } from '../../api/generated/cluster.ts';
import type { Pod } from '../../kube/objects.ts';
import { container } from '../../naming.ts';
import { isReady } from '../cluster/world.ts';

export const backupPhase = {
  pending: 'pending',
  started: 'started',
  running: 'running',
  finalizing: 'finalizing',
  completed: 'completed',
  failed: 'failed',
  archivingFailing: 'walArchivingFailing',
  invalid: 'invalid backup definition',
} as const;

const waiting: readonly string[] = ['', backupPhase.pending, backupPhase.archivingFailing];
const active: readonly string[] = [backupPhase.started, backupPhase.running, backupPhase.finalizing];

export const isWaiting = ({ status }: Backup): boolean => waiting.includes(status?.phase ?? '');
export const isActive = ({ status }: Backup): boolean => active.includes(status?.phase ?? '');

/** Oldest first; the name decides between those of one second. */
export const byAge = (a: Backup, b: Backup): number =>
  (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '') ||
  a.metadata.name.localeCompare(b.metadata.name);

export interface Candidate {
  readonly pod: Pod;
  /** Position in WAL that it has, as a number. */
  readonly position: bigint;
}

/** The pod that takes a backup: by preference the most advanced standby, else the primary. Undefined while none is ready. */
export function backupPod(cluster: Cluster, backup: Backup, candidates: readonly Candidate[]): Pod | undefined {
  const primaryName = cluster.status?.currentPrimary;
  const ready = candidates.filter(({ pod }) => isReady(pod));
  const primary = ready.find(({ pod }) => pod.metadata?.name === primaryName)?.pod;
  const target = backup.spec.target ?? cluster.spec.backup?.target ?? 'prefer-standby';
  if (target === 'primary' || primary === undefined) return primary;
  const [standby] = ready
    .filter(({ pod }) => pod.metadata?.name !== primaryName)
    .sort((a, b) => (a.position === b.position ? 0 : a.position > b.position ? -1 : 1));
  return standby?.pod ?? primary;
}

/** Which life of a container takes the backup. */
export const containerIdOf = (pod: Pod): string | undefined =>
  pod.status?.containerStatuses?.find(({ name }) => name === container.postgres)?.containerID;
