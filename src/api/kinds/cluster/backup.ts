// Backup, plugins and monitoring.
import { as, choice, flag, list, object, text, textMap } from '../../schema/schema.ts';
import { barmanObjectStore } from '../barman.ts';
import {
  backupTarget,
  configMapKeySelector,
  metricsTls,
  onlineConfiguration,
  pluginConfiguration,
  relabelConfigs,
  secretKeySelector,
} from '../common.ts';

const volumeSnapshot = object('VolumeSnapshotConfiguration', 'Backup by volume snapshots.', {
  className: text('Snapshot class of PGDATA.'),
  walClassName: text('Snapshot class of the WAL volume; default: that of PGDATA.'),
  tablespaceClassName: textMap('Snapshot classes of tablespaces, by name; default: that of PGDATA.'),
  labels: textMap('Labels of the snapshots.'),
  annotations: textMap('Annotations of the snapshots.'),
  snapshotOwnerReference: choice(['none', 'cluster', 'backup'], 'Which object owns the snapshots.', {
    default: 'none',
  }),
  online: flag('Snapshots are taken of a running instance.', { default: true }),
  onlineConfiguration: as(onlineConfiguration, 'How a snapshot of a running instance is begun and ended.', {
    default: { waitForArchive: true, immediateCheckpoint: false },
  }),
});

export const backup = object('BackupConfiguration', 'Backup of the cluster.', {
  target: as(backupTarget, backupTarget.description, { default: 'prefer-standby' }),
  retentionPolicy: text('How long backups are kept: a number of days, weeks or months, such as 30d.', {
    pattern: '^[1-9][0-9]*[dwm]$',
  }),
  volumeSnapshot,
  barmanObjectStore,
});

export const plugins = list(pluginConfiguration, 'Plugins of the cluster.', { keys: ['name'] });

export const monitoring = object('MonitoringConfiguration', 'Metrics of the cluster.', {
  disableDefaultQueries: flag('The default queries are left out.', { default: false }),
  customQueriesConfigMap: list(configMapKeySelector, 'ConfigMaps with further queries.'),
  customQueriesSecret: list(secretKeySelector, 'Secrets with further queries.'),
  metricsQueriesTTL: text('How long results of the queries are kept, such as 30s; 0 means not at all.'),
  tls: metricsTls,
  enablePodMonitor: flag('A PodMonitor is made for the cluster.', { default: false, deprecated: true }),
  podMonitorMetricRelabelings: relabelConfigs('Relabelling of the metrics of the PodMonitor.'),
  podMonitorRelabelings: relabelConfigs('Relabelling of the targets of the PodMonitor.'),
});
