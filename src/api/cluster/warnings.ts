import type { Cluster, StorageConfiguration } from '../generated/cluster.ts';

/** What is allowed but seldom meant. */
export function* clusterWarnings({ spec, status }: Cluster): Generator<string> {
  if (spec.nodeMaintenanceWindow?.inProgress) {
    yield 'spec.nodeMaintenanceWindow: deprecated; PodDisruptionBudgets and the draining of nodes do the same';
  }
  if (spec.backup?.barmanObjectStore || spec.externalClusters?.some((entry) => entry.barmanObjectStore)) {
    yield 'barmanObjectStore: deprecated in CloudNativePG in favour of a plugin';
  }
  if (spec.backup?.retentionPolicy && !spec.backup.barmanObjectStore) {
    yield 'spec.backup.retentionPolicy: without effect, because there is no barmanObjectStore';
  }
  yield* storageWarnings('spec.storage', spec.storage);
  yield* storageWarnings('spec.walStorage', spec.walStorage);
  const buffers = spec.postgresql?.parameters?.shared_buffers;
  if (buffers !== undefined && /^\s*\d+\s*$/.test(buffers)) {
    yield `spec.postgresql.parameters[shared_buffers]: ${buffers} has no unit and counts pages of 8 kB`;
  }
  yield* monitoringWarnings(spec.monitoring ?? {});
  if (spec.instances > 1 && !spec.postgresql?.synchronous && !spec.maxSyncReplicas) {
    yield 'spec.instances: replication is asynchronous, so a failover may lose the last committed transactions';
  }
  const { dataDurability, failoverQuorum } = spec.postgresql?.synchronous ?? {};
  if (failoverQuorum && dataDurability === 'preferred') {
    yield 'spec.postgresql.synchronous.failoverQuorum: without effect with dataDurability preferred: nobody knows whether commits waited';
  }
  const topology = status?.conditions?.find(({ type }) => type === 'SyncReplicationTopologySatisfied');
  if (topology?.status === 'False') yield `synchronous standbys are not spread as asked: ${topology.message}`;
}

function* storageWarnings(field: string, storage: StorageConfiguration | undefined): Generator<string> {
  if (storage?.size && storage.pvcTemplate?.resources?.requests?.storage) {
    yield `${field}: size overrides pvcTemplate.resources.requests.storage`;
  }
  if (storage?.storageClass && storage.pvcTemplate?.storageClassName) {
    yield `${field}: storageClass overrides pvcTemplate.storageClassName`;
  }
}

function* monitoringWarnings(monitoring: NonNullable<Cluster['spec']['monitoring']>): Generator<string> {
  if (monitoring.metricsQueriesTTL !== undefined && /^0[a-z]*$/.test(monitoring.metricsQueriesTTL)) {
    yield 'spec.monitoring.metricsQueriesTTL: 0 runs every query at every scrape';
  }
  for (const name of ['enablePodMonitor', 'podMonitorMetricRelabelings', 'podMonitorRelabelings'] as const) {
    if (monitoring[name]) yield `spec.monitoring.${name}: deprecated; make a PodMonitor by hand`;
  }
}
