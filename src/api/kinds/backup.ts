import { ageColumn, type Kind } from '../schema/kind.ts';
import { as, flag, integer, list, object, required, text, textMap, time } from '../schema/schema.ts';
import { credentialFields } from './barman.ts';
import {
  backupMethod,
  backupPluginConfiguration,
  backupTarget,
  localObjectReference,
  onlineConfiguration,
  secretKeySelector,
} from './common.ts';

export const backupFields = {
  cluster: required(as(localObjectReference, 'The cluster to back up.')),
  target: as(backupTarget, `${backupTarget.description} Default: backup.target of the cluster.`),
  method: backupMethod,
  pluginConfiguration: backupPluginConfiguration,
  online: flag('The backup is taken of a running instance; one into an object store always is.'),
  onlineConfiguration: as(onlineConfiguration, 'How a backup of a running instance is begun and ended.'),
} as const;

const status = object(
  'BackupStatus',
  'What was observed of the backup; only the operator and the instances write it.',
  {
    ...credentialFields,
    endpointURL: text('Address of the store.'),
    endpointCA: as(secretKeySelector, 'The CA certificate that the store is verified with.'),
    destinationPath: text('Root of the backups in the store.'),
    serverName: text('Directory of the server below destinationPath.'),
    encryption: text('Server-side encryption of the backup.'),
    backupId: text('Id of the backup in the store.'),
    backupName: text('Name of the backup in the store.'),
    phase: text(
      'pending, started, running, finalizing, completed, failed, walArchivingFailing or invalid backup definition.',
    ),
    startedAt: time('When the backup began.'),
    stoppedAt: time('When the backup ended.'),
    reconciliationStartedAt: time('When the operator began with the backup.'),
    reconciliationTerminatedAt: time('When the operator was done with the backup.'),
    beginWal: text('First WAL file.'),
    endWal: text('Last WAL file.'),
    beginLSN: text('Position in WAL where the backup begins.'),
    endLSN: text('Position in WAL from which the backup is consistent.'),
    error: text('What went wrong.'),
    commandOutput: text('What the backup program wrote.'),
    commandError: text('What the backup program wrote when it failed.'),
    backupLabelFile: text('Content of backup_label.', { format: 'byte' }),
    tablespaceMapFile: text('Content of tablespace_map.', { format: 'byte' }),
    instanceID: object('InstanceID', 'The instance that the backup is taken from.', {
      podName: text('Its pod.'),
      ContainerID: text('Its container.'),
      sessionID: text('The life of its manager.'),
    }),
    snapshotBackupStatus: object('BackupSnapshotStatus', 'The volume snapshots.', {
      elements: list(
        object('BackupSnapshotElementStatus', 'A volume snapshot.', {
          name: required(text('Name of the VolumeSnapshot.')),
          type: required(text('PG_DATA, PG_WAL or PG_TABLESPACE.')),
          tablespaceName: text('The tablespace.'),
        }),
        'The volume snapshots.',
      ),
    }),
    method: text('How the backup was taken.'),
    online: flag('The instance was running.'),
    majorVersion: integer('Major version of PostgreSQL.'),
    pluginMetadata: textMap('What the plugin noted.'),
  },
);

export const backup: Kind = {
  kind: 'Backup',
  plural: 'backups',
  namespaced: true,
  description: 'A base backup of a cluster.',
  spec: object('BackupSpec', 'What is to be backed up; it cannot change.', backupFields, {
    rules: [{ rule: 'self == oldSelf', message: 'BackupSpec is immutable once set' }],
  }),
  status,
  columns: [
    ageColumn,
    { name: 'Cluster', type: 'string', jsonPath: '.spec.cluster.name' },
    { name: 'Method', type: 'string', jsonPath: '.spec.method' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
    { name: 'Error', type: 'string', jsonPath: '.status.error' },
  ],
};
