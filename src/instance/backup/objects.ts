import type { BarmanSection } from '../../objectstore/archive/config.ts';
import type { KubeObject } from '../../kube/types.ts';
import type { Condition } from '../wal/condition.ts';

export interface BackupStatus {
  phase?: string;
  backupId?: string;
  backupName?: string;
  method?: string;
  majorVersion?: number;
  startedAt?: string;
  stoppedAt?: string;
  beginWal?: string;
  endWal?: string;
  beginLSN?: string;
  endLSN?: string;
  error?: string;
  /** Why a full backup was taken where an incremental one was asked for. */
  commandOutput?: string;
  destinationPath?: string;
  serverName?: string;
  endpointURL?: string;
  endpointCA?: { name: string; key: string };
  encryption?: string;
  s3Credentials?: BarmanSection['s3Credentials'];
  instanceID?: { podName?: string; ContainerID?: string; sessionID?: string };
}

/** What is read and written of a Backup here. */
export interface Backup extends KubeObject {
  spec?: {
    cluster?: { name?: string };
    method?: string;
    /** `waitForArchive` is always true here. */
    onlineConfiguration?: { immediateCheckpoint?: boolean };
  };
  status?: BackupStatus;
}

export interface BackupCluster extends KubeObject {
  status?: {
    conditions?: Condition[];
    lastSuccessfulBackup?: string;
    firstRecoverabilityPoint?: string;
    lastFailedBackup?: string;
  };
}

/** The part of a Backup's status that says where it is, as the Cluster's section does: a restore needs no Cluster. */
export function locationStatus(section: BarmanSection, defaultServer: string): BackupStatus {
  return {
    destinationPath: section.destinationPath,
    serverName: section.serverName ?? defaultServer,
    ...(section.endpointURL !== undefined && { endpointURL: section.endpointURL }),
    ...(section.endpointCA && { endpointCA: section.endpointCA }),
    ...(section.s3Credentials && { s3Credentials: section.s3Credentials }),
    ...(section.data?.encryption !== undefined && { encryption: section.data.encryption }),
  };
}

/** RFC 3339 without fractions, as Kubernetes writes times. */
export const kubeTime = (when: Date): string => when.toISOString().replace(/\.\d+Z$/, 'Z');
