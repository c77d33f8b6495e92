// Written by `npm run generate` from the schemas in src/api/kinds.
import type {
  KubeObject,
  ObjectMeta,
} from '../../kube/types.ts';
import type {
  AzureCredentials,
  BackupPluginConfiguration,
  GoogleCredentials,
  LocalObjectReference,
  OnlineConfiguration,
  S3Credentials,
  SecretKeySelector,
} from './shared.ts';
export type {
  AzureCredentials,
  BackupPluginConfiguration,
  GoogleCredentials,
  LocalObjectReference,
  OnlineConfiguration,
  S3Credentials,
  SecretKeySelector,
} from './shared.ts';

/** A base backup of a cluster. */
export interface Backup extends KubeObject {
  metadata: ObjectMeta & { name: string; namespace: string };
  spec: BackupSpec;
  status?: BackupStatus;
}

/** What is to be backed up; it cannot change. */
export interface BackupSpec {
  /** The cluster to back up. */
  cluster: LocalObjectReference;
  /** The instance that the backup is taken from: the primary, or the most advanced standby when there is one. Default: backup.target of the cluster. */
  target?: 'primary' | 'prefer-standby';
  /** How the backup is taken. Default: "barmanObjectStore". */
  method?: 'barmanObjectStore' | 'volumeSnapshot' | 'plugin';
  /** The plugin that takes the backup, when method is plugin. */
  pluginConfiguration?: BackupPluginConfiguration;
  /** The backup is taken of a running instance; one into an object store always is. */
  online?: boolean;
  /** How a backup of a running instance is begun and ended. */
  onlineConfiguration?: OnlineConfiguration;
}

/** What was observed of the backup; only the operator and the instances write it. */
export interface BackupStatus {
  /** Credentials for S3 and what speaks its protocol. */
  s3Credentials?: S3Credentials;
  /** Credentials for Azure Blob Storage. */
  azureCredentials?: AzureCredentials;
  /** Credentials for Google Cloud Storage. */
  googleCredentials?: GoogleCredentials;
  /** Address of the store. */
  endpointURL?: string;
  /** The CA certificate that the store is verified with. */
  endpointCA?: SecretKeySelector;
  /** Root of the backups in the store. */
  destinationPath?: string;
  /** Directory of the server below destinationPath. */
  serverName?: string;
  /** Server-side encryption of the backup. */
  encryption?: string;
  /** Id of the backup in the store. */
  backupId?: string;
  /** Name of the backup in the store. */
  backupName?: string;
  /** pending, started, running, finalizing, completed, failed, walArchivingFailing or invalid backup definition. */
  phase?: string;
  /** When the backup began. */
  startedAt?: string;
  /** When the backup ended. */
  stoppedAt?: string;
  /** When the operator began with the backup. */
  reconciliationStartedAt?: string;
  /** When the operator was done with the backup. */
  reconciliationTerminatedAt?: string;
  /** First WAL file. */
  beginWal?: string;
  /** Last WAL file. */
  endWal?: string;
  /** Position in WAL where the backup begins. */
  beginLSN?: string;
  /** Position in WAL from which the backup is consistent. */
  endLSN?: string;
  /** What went wrong. */
  error?: string;
  /** What the backup program wrote. */
  commandOutput?: string;
  /** What the backup program wrote when it failed. */
  commandError?: string;
  /** Content of backup_label. */
  backupLabelFile?: string;
  /** Content of tablespace_map. */
  tablespaceMapFile?: string;
  /** The instance that the backup is taken from. */
  instanceID?: InstanceID;
  /** The volume snapshots. */
  snapshotBackupStatus?: BackupSnapshotStatus;
  /** How the backup was taken. */
  method?: string;
  /** The instance was running. */
  online?: boolean;
  /** Major version of PostgreSQL. */
  majorVersion?: number;
  /** What the plugin noted. */
  pluginMetadata?: Record<string, string>;
}

/** The instance that the backup is taken from. */
export interface InstanceID {
  /** Its pod. */
  podName?: string;
  /** Its container. */
  ContainerID?: string;
  /** The life of its manager. */
  sessionID?: string;
}

/** The volume snapshots. */
export interface BackupSnapshotStatus {
  /** The volume snapshots. */
  elements?: BackupSnapshotElementStatus[];
}

/** A volume snapshot. */
export interface BackupSnapshotElementStatus {
  /** Name of the VolumeSnapshot. */
  name: string;
  /** PG_DATA, PG_WAL or PG_TABLESPACE. */
  type: string;
  /** The tablespace. */
  tablespaceName?: string;
}
