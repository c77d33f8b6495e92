import { barmanObjectStore, clusterSupport } from './cluster.ts';
import { only, type SupportTable, under } from './support.ts';

const backup: SupportTable = {
  cluster: 'honoured',
  target: 'honoured',
  method: only('barmanObjectStore', 'plugin'),
  pluginConfiguration: 'honoured',
  'pluginConfiguration.parameters': 'refused',
  online: 'refused',
  onlineConfiguration: 'refused',
};

const scheduledBackup: SupportTable = {
  ...backup,
  schedule: 'honoured',
  suspend: 'honoured',
  immediate: 'honoured',
  backupOwnerReference: 'honoured',
};

const objectStore: SupportTable = {
  ...under('configuration', barmanObjectStore),
  retentionPolicy: 'honoured',
  'instanceSidecarConfiguration.retentionPolicyIntervalSeconds': 'honoured',
  // There is no sidecar.
  'instanceSidecarConfiguration.env': 'refused',
  'instanceSidecarConfiguration.resources': 'refused',
  'instanceSidecarConfiguration.logLevel': 'refused',
  'instanceSidecarConfiguration.additionalContainerArgs': 'refused',
};

/** A kind that nothing reconciles yet. */
const refusedWhole: SupportTable = { '': 'refused' };

/** What this version honours of the spec of every kind that has one. */
export const supportTables: Readonly<Record<string, SupportTable>> = {
  Cluster: clusterSupport,
  Backup: backup,
  ScheduledBackup: scheduledBackup,
  Pooler: refusedWhole,
  ImageCatalog: refusedWhole,
  ClusterImageCatalog: refusedWhole,
  Database: refusedWhole,
  DatabaseRole: refusedWhole,
  Publication: refusedWhole,
  Subscription: refusedWhole,
  ObjectStore: objectStore,
};
