import type { Cluster } from '../../generated/cluster.ts';
import { cluster as clusterKind } from '../../kinds/cluster/cluster.ts';
import { validateKind } from '../../support/validate-kind.ts';
import type { FieldError, ValidationResult } from '../../validation/field-error.ts';
import { accessLineRules, ldapRules, podSelectorRules } from './access.ts';
import { backupRules } from './backup.ts';
import { pluginRules } from './plugins.ts';
import { restoreDrillRules } from './restore-drill.ts';
import { bootstrapRules } from './bootstrap.ts';
import { certificateRules, credentialRules } from './credentials.ts';
import { environmentRules } from './environment.ts';
import { extensionRules } from './extensions.ts';
import { externalClusterRules } from './external-clusters.ts';
import { imageRules } from './image.ts';
import { importRules } from './import.ts';
import { managedRules } from './managed.ts';
import { metadataRules } from './metadata.ts';
import { parameterRules } from './parameters.ts';
import { primaryRules } from './primary.ts';
import { recoveryRules } from './recovery.ts';
import { replicaClusterRules } from './replica-cluster.ts';
import { replicationSlotRules } from './replication-slots.ts';
import { resourceRules } from './resources.ts';
import { schedulingRules } from './scheduling.ts';
import { storageRules } from './storage.ts';
import { synchronousRules } from './synchronous.ts';
import { updateRules } from './updates.ts';
import { clusterWarnings } from '../warnings.ts';

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
