import { barmanObjectStore, clusterSupport } from './cluster.ts';
import { only, refused, type SupportTable, under } from './support.ts';

const backup: SupportTable = {
  cluster: 'honoured',
  target: 'honoured',
  method: only('barmanObjectStore', 'plugin'),
  pluginConfiguration: 'honoured',
  'pluginConfiguration.parameters': refused('where backups go is said in spec.plugins of the Cluster'),
  // Backups into an object store are taken of a running server, and wait for their WAL: P5.
  online: only('true'),
  'onlineConfiguration.waitForArchive': only('true'),
  'onlineConfiguration.immediateCheckpoint': 'honoured',
};

const scheduledBackup: SupportTable = {
  ...backup,
  schedule: 'honoured',
  suspend: 'honoured',
  immediate: 'honoured',
  backupOwnerReference: 'honoured',
};

const noSidecar = 'the instances do the work, there is no sidecar';

const objectStore: SupportTable = {
  ...under('configuration', barmanObjectStore),
  retentionPolicy: 'honoured',
  'instanceSidecarConfiguration.retentionPolicyIntervalSeconds': 'honoured',
  'instanceSidecarConfiguration.env': refused(noSidecar),
  'instanceSidecarConfiguration.resources': refused(noSidecar),
  'instanceSidecarConfiguration.logLevel': refused(noSidecar),
  'instanceSidecarConfiguration.additionalContainerArgs': refused(noSidecar),
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
