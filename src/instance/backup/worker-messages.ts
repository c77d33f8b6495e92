import type { ArchiveConfig } from '../../objectstore/archive/config.ts';
import type { BackupStatus } from './objects.ts';
import type { RunBackup } from './run-backup.ts';

/** What crosses the channel between a manager and the process that takes a backup for it. */
export type WorkerRequest = Pick<RunBackup, 'name' | 'status' | 'sql' | 'replication' | 'asked' | 'walPatience'> & {
  readonly config: ArchiveConfig;
};

export type ToWorker =
  | { readonly kind: 'run'; readonly request: WorkerRequest }
  /** The step is in the Backup, or could not be written. */
  | { readonly kind: 'written'; readonly error: string | undefined };

export type FromWorker =
  | { readonly kind: 'write'; readonly status: BackupStatus }
  | { readonly kind: 'completed'; readonly id: string; readonly stoppedAt: Date }
  | { readonly kind: 'failed'; readonly message: string };
