import type { Cluster } from '../generated/cluster.ts';
import { cluster as clusterKind } from '../kinds/cluster/cluster.ts';
import { validateKind } from '../validation/validate-kind.ts';
import type { FieldError, ValidationResult } from '../validation/field-error.ts';
import { accessLineRules, ldapRules, podSelectorRules } from './rules/access.ts';
import { backupRules } from './rules/backup.ts';
import { pluginRules } from './rules/plugins.ts';
import { restoreDrillRules } from './rules/restore-drill.ts';
import { bootstrapRules } from './rules/bootstrap.ts';
import { certificateRules, credentialRules } from './rules/credentials.ts';
import { environmentRules } from './rules/environment.ts';
import { extensionRules } from './rules/extensions.ts';
import { externalClusterRules } from './rules/external-clusters.ts';
import { imageRules } from './rules/image.ts';
import { importRules } from './rules/import.ts';
import { managedRules } from './rules/managed.ts';
import { metadataRules } from './rules/metadata.ts';
import { parameterRules } from './rules/parameters.ts';
import { primaryRules } from './rules/primary.ts';
import { recoveryRules } from './rules/recovery.ts';
import { replicaClusterRules } from './rules/replica-cluster.ts';
import { replicationSlotRules } from './rules/replication-slots.ts';
import { resourceRules } from './rules/resources.ts';
import { schedulingRules } from './rules/scheduling.ts';
import { storageRules } from './rules/storage.ts';
import { synchronousRules } from './rules/synchronous.ts';
import { updateRules } from './rules/updates.ts';
import { clusterWarnings } from './warnings.ts';

const rules: readonly ((cluster: Cluster) => Iterable<FieldError>)[] = [
  metadataRules,
  imageRules,
  environmentRules,
  primaryRules,
  resourceRules,
  schedulingRules,
  parameterRules,
  accessLineRules,
  ldapRules,
  podSelectorRules,
  extensionRules,
  synchronousRules,
  replicationSlotRules,
  bootstrapRules,
  importRules,
  recoveryRules,
  replicaClusterRules,
  externalClusterRules,
  credentialRules,
  certificateRules,
  storageRules,
  backupRules,
  pluginRules,
  restoreDrillRules,
  managedRules,
];

/**
 * What is wrong with a defaulted Cluster (reference §2.34), and with the change from `old` when it was there before. It is run on
 * admission and again before every reconciliation, so that a cluster is safe where there are no webhooks.
 */
export function validateCluster(cluster: Cluster, old?: Cluster): ValidationResult {
  return validateKind(clusterKind, cluster, () => ({
    errors: [...rules.flatMap((rule) => [...rule(cluster)]), ...(old ? updateRules(cluster, old) : [])],
    warnings: [...clusterWarnings(cluster)],
  }));
}
