// Written by `npm run generate` from the schemas in src/api/kinds.
import type {
  V1EnvVar,
  V1ResourceRequirements,
} from '@kubernetes/client-node';
import type {
  Wire,
} from '../../kube/objects.ts';
import type {
  KubeObject,
  ObjectMeta,
} from '../../kube/types.ts';
import type {
  BarmanObjectStoreConfiguration,
} from './shared.ts';
export type {
  BarmanObjectStoreConfiguration,
} from './shared.ts';

/** An object store for backups and WAL of the clusters whose plugin entry names it. */
export interface ObjectStore extends KubeObject {
  metadata: ObjectMeta & { name: string; namespace: string };
  spec: ObjectStoreSpec;
  status?: ObjectStoreStatus;
}

/** Where the store is, and how long backups are kept. */
export interface ObjectStoreSpec {
  /** Where and how base backups and WAL are kept. */
  configuration: BarmanObjectStoreConfiguration;
  /** How long backups are kept: a number of days, weeks or months, such as 30d. */
  retentionPolicy?: string;
  /** How the archive is looked after; there is no sidecar. */
  instanceSidecarConfiguration?: InstanceSidecarConfiguration;
}

/** How the archive is looked after; there is no sidecar. */
export interface InstanceSidecarConfiguration {
  /** Variables of the environment of the sidecar. */
  env?: Wire<V1EnvVar>[];
  /** Seconds between two runs of retention. Default: 1800. */
  retentionPolicyIntervalSeconds?: number;
  /** Resources of the sidecar. */
  resources?: Wire<V1ResourceRequirements>;
  /** Log level of the sidecar. */
  logLevel?: string;
  /** Further arguments of the sidecar. */
  additionalContainerArgs?: string[];
}

/** What was observed of the store; the primaries write it. */
export interface ObjectStoreStatus {
  /** What can be restored, by server name. */
  serverRecoveryWindow?: Record<string, RecoveryWindow>;
}

/** What a restore of a server can reach. */
export interface RecoveryWindow {
  /** The earliest time that a restore can reach. */
  firstRecoverabilityPoint?: string;
  /** When the last good backup ended. */
  lastSuccessfulBackupTime?: string;
  /** When the last backup failed. */
  lastFailedBackupTime?: string;
}
