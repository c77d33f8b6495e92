import type { KubeObject } from '../kube/types.ts';
import { defaultBackup } from './backup/defaults.ts';
import { validateBackup } from './backup/validate.ts';
import { defaultCluster, type ClusterDefaults } from './cluster/defaults.ts';
import { validateCluster } from './cluster/rules/validate-cluster.ts';
import { defaultDatabase } from './database/defaults.ts';
import { validateDatabase } from './database/validate.ts';
import type { Backup } from './generated/backup.ts';
import type { Cluster } from './generated/cluster.ts';
import type { Database } from './generated/database.ts';
import type { ObjectStore } from './generated/object-store.ts';
import type { Pooler } from './generated/pooler.ts';
import type { ScheduledBackup } from './generated/scheduled-backup.ts';
import { kinds } from './kinds.ts';
import { validateObjectStore } from './object-store/validate.ts';
import { validatePooler } from './pooler/validate.ts';
import { defaultScheduledBackup } from './scheduled-backup/defaults.ts';
import { validateScheduledBackup } from './scheduled-backup/validate.ts';
import type { ValidationResult } from './validation/field-error.ts';
import { validateKind } from './support/validate-kind.ts';

/** Defaults an object of any kind of the API group, as admission gets it: by its `kind`. */
export function defaultObject(object: KubeObject, defaults: ClusterDefaults = {}): KubeObject {
  switch (object.kind) {
    case 'Cluster':
      return defaultCluster(object as Cluster, defaults);
    case 'Backup':
      return defaultBackup(object as Backup);
    case 'ScheduledBackup':
      return defaultScheduledBackup(object as ScheduledBackup);
    case 'Database':
      return defaultDatabase(object as Database);
    default:
      return object;
  }
}

/** Validates a defaulted object of any kind of the API group, by its `kind`. */
export function validateObject(object: KubeObject, old?: KubeObject): ValidationResult {
  switch (object.kind) {
    case 'Cluster':
      return validateCluster(object as Cluster, old as Cluster | undefined);
    case 'Backup':
      return validateBackup(object as Backup);
    case 'ScheduledBackup':
      return validateScheduledBackup(object as ScheduledBackup);
    case 'ObjectStore':
      return validateObjectStore(object as ObjectStore);
    case 'Pooler':
      return validatePooler(object as Pooler);
    case 'Database':
      return validateDatabase(object as Database);
    default:
      return validateOther(object);
  }
}

/** Kinds with no rules beside those of their CustomResourceDefinition. */
function validateOther(object: KubeObject): ValidationResult {
  const none = { errors: [], warnings: [] };
  const kind = kinds.find((candidate) => candidate.kind === object.kind);
  return kind?.spec ? validateKind(kind, object as KubeObject & { spec: unknown }, () => none) : none;
}
