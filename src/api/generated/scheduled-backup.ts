// Written by `npm run generate` from the schemas in src/api/kinds.
import type {
  KubeObject,
  ObjectMeta,
} from '../../kube/types.ts';
import type {
  BackupPluginConfiguration,
  LocalObjectReference,
  OnlineConfiguration,
} from './shared.ts';
export type {
  BackupPluginConfiguration,
  LocalObjectReference,
  OnlineConfiguration,
} from './shared.ts';

/** Backups of a cluster on a schedule. */
export interface ScheduledBackup extends KubeObject {
  metadata: ObjectMeta & { name: string; namespace: string };
  spec: ScheduledBackupSpec;
  status?: ScheduledBackupStatus;
}

/** What is to be backed up, and when. */
export interface ScheduledBackupSpec {
  /** When, as a cron expression of six fields that begins with the seconds; in UTC unless it begins with TZ=. */
  schedule: string;
  /** No backups are taken. */
  suspend?: boolean;
  /** The first backup is taken at once. */
  immediate?: boolean;
  /** Which object owns the backups: none, this one (self) or the cluster. Default: "none". */
  backupOwnerReference?: 'none' | 'self' | 'cluster';
  /** The cluster to back up; it cannot change. */
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

/** What was observed of the schedule; only the operator writes it. */
export interface ScheduledBackupStatus {
  /** When the schedule was last looked at. */
  lastCheckTime?: string;
  /** When a backup was last begun. */
  lastScheduleTime?: string;
  /** When the next backup begins. */
  nextScheduleTime?: string;
  /** Why the schedule is not followed. */
  error?: string;
}
