import { clusterPluginStore } from '../../api/cluster/plugin-store.ts';
import type { Backup } from '../../api/generated/backup.ts';
import type { Cluster } from '../../api/generated/cluster.ts';
import { annotation } from '../../labels.ts';
import { barmanPlugin } from '../../naming.ts';

export type Verdict =
  | { readonly kind: 'go' }
  | { readonly kind: 'wait'; readonly reason: string; readonly message: string }
  | { readonly kind: 'wait-for-archive'; readonly reason: string; readonly message: string }
  | { readonly kind: 'fail'; readonly reason: string; readonly message: string };

const statusOf = ({ status }: Cluster, type: string): string | undefined =>
  status?.conditions?.find((condition) => condition.type === type)?.status;

/** How long a backup waits for a cluster that is not whole, so that a standby can take it; then the primary will do. */
const patienceMs = 60_000;

function worthWaiting(cluster: Cluster, backup: Backup, now: Date): boolean {
  const target = backup.spec.target ?? cluster.spec.backup?.target ?? 'prefer-standby';
  const age = now.getTime() - Date.parse(backup.metadata.creationTimestamp ?? '');
  return target === 'prefer-standby' && statusOf(cluster, 'Ready') !== 'True' && age < patienceMs;
}

/** Whether a backup of this cluster can be begun now. Ordered rules, the first that fits; reasons as in reference §2.17. */
export function prerequisites(cluster: Cluster | undefined, backup: Backup, now: Date): Verdict {
  const name = backup.spec.cluster.name;
  if (cluster === undefined) {
    return { kind: 'wait', reason: 'FindingCluster', message: `Unknown cluster ${name}, will retry` };
  }
  if (cluster.metadata.annotations?.[annotation.hibernation] === 'on') {
    return { kind: 'wait', reason: 'ClusterIsHibernated', message: `Cluster ${name} is hibernated` };
  }
  const plugin = backup.spec.method === 'plugin';
  if (plugin && clusterPluginStore(cluster) === undefined) {
    const message = `Cluster ${name} has no enabled plugin ${barmanPlugin} in spec.plugins`;
    return { kind: 'fail', reason: 'ClusterHasNoBackupExecutorPlugin', message };
  }
  if (!plugin && cluster.spec.backup === undefined) {
    const message = `Cluster ${name} has no spec.backup section`;
    return { kind: 'fail', reason: 'ClusterHasBackupConfigured', message };
  }
  if (!plugin && cluster.spec.backup?.barmanObjectStore === undefined) {
    const message = `Cluster ${name} has no spec.backup.barmanObjectStore section`;
    return { kind: 'fail', reason: 'ClusterHasNoBarmanSection', message };
  }
  if ((cluster.status?.currentPrimary ?? '') === '') {
    return { kind: 'wait', reason: 'BackupPending', message: `Cluster ${name} has no primary yet` };
  }
  if (worthWaiting(cluster, backup, now)) {
    return { kind: 'wait', reason: 'BackupPending', message: `Cluster ${name} is not ready yet` };
  }
  if (statusOf(cluster, 'ContinuousArchiving') === 'False') {
    const message = `WAL archiving of cluster ${name} is failing; the backup begins when it works`;
    return { kind: 'wait-for-archive', reason: 'WALArchivingFailing', message };
  }
  return { kind: 'go' };
}
