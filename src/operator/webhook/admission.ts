import jsonPatch from 'fast-json-patch';
import { defaultBackup } from '../../api/backup/defaults.ts';
import { validateBackup } from '../../api/backup/validate.ts';
import { defaultCluster } from '../../api/cluster/defaults.ts';
import { validateCluster } from '../../api/cluster/rules/validate-cluster.ts';
import type { Backup } from '../../api/generated/backup.ts';
import type { Cluster } from '../../api/generated/cluster.ts';
import type { ScheduledBackup } from '../../api/generated/scheduled-backup.ts';
import { defaultScheduledBackup } from '../../api/scheduled-backup/defaults.ts';
import { validateScheduledBackup } from '../../api/scheduled-backup/validate.ts';
import type { ObjectStore } from '../../api/generated/object-store.ts';
import { validateObjectStore } from '../../api/object-store/validate.ts';
import { formatFieldError, type ValidationResult } from '../../api/validation/field-error.ts';
import type { KubeObject } from '../../kube/types.ts';
import { annotation } from '../../labels.ts';

interface AdmissionRequest {
  uid?: string;
  operation?: string;
  object?: KubeObject | null;
  oldObject?: KubeObject | null;
}

export interface AdmissionResponse {
  uid: string;
  allowed: boolean;
  status?: { code: number; reason: string; message: string };
  warnings?: string[];
  patchType?: 'JSONPatch';
  patch?: string;
}

/** What the webhooks know of one kind. */
interface AdmittedKind {
  readonly withDefaults: (object: KubeObject) => KubeObject;
  readonly validate: (object: KubeObject, old: KubeObject | undefined) => ValidationResult;
}

export interface AdmissionSettings {
  readonly postgresImage: string;
}

const kinds = ({ postgresImage }: AdmissionSettings): Record<string, AdmittedKind> => ({
  cluster: {
    withDefaults: (object) => defaultCluster(object as Cluster, { imageName: postgresImage }),
    validate: (object, old) =>
      validateCluster(
        defaultCluster(object as Cluster, { imageName: postgresImage }),
        old === undefined ? undefined : defaultCluster(old as Cluster, { imageName: postgresImage }),
      ),
  },
  backup: {
    withDefaults: (object) => defaultBackup(object as Backup),
    validate: (object) => validateBackup(object as Backup),
  },
  objectstore: {
    withDefaults: (object) => object,
    validate: (object) => validateObjectStore(object as ObjectStore),
  },
  scheduledbackup: {
    withDefaults: (object) => defaultScheduledBackup(object as ScheduledBackup),
    validate: (object) => validateScheduledBackup(object as ScheduledBackup),
  },
});

function mutate(kind: AdmittedKind, uid: string, object: KubeObject): AdmissionResponse {
  const operations = jsonPatch.compare(object, kind.withDefaults(object));
  if (operations.length === 0) return { uid, allowed: true };
  const patch = Buffer.from(JSON.stringify(operations), 'utf8').toString('base64');
  return { uid, allowed: true, patchType: 'JSONPatch', patch };
}

function validate(kind: AdmittedKind, uid: string, request: AdmissionRequest): AdmissionResponse {
  const object = request.object ?? {};
  const { errors, warnings } = kind.validate(object, request.oldObject ?? undefined);
  const shown = warnings.length === 0 ? {} : { warnings };
  const disabled = object.metadata?.annotations?.[annotation.validation] === 'disabled';
  // Something that is on its way out may be changed in any case: its finalizers have to go.
  const leaving = object.metadata?.deletionTimestamp !== undefined;
  if (errors.length === 0 || disabled || leaving) return { uid, allowed: true, ...shown };
  const message = errors.map(formatFieldError).join('; ');
  return { uid, allowed: false, status: { code: 422, reason: 'Invalid', message }, ...shown };
}

/** Answers an AdmissionReview that came to `path`, or undefined when the path is none of ours. */
export function admit(path: string, review: unknown, settings: AdmissionSettings): object | undefined {
  const match = /^\/(mutate|validate)-(?:postgresql|barmancloud)-cnpg-io-v1-([a-z]+)$/.exec(path);
  const kind = kinds(settings)[match?.[2] ?? ''];
  if (match === null || kind === undefined) return undefined;
  const request = (review as { request?: AdmissionRequest } | null)?.request ?? {};
  const uid = request.uid ?? '';
  const apiVersion = 'admission.k8s.io/v1';
  const answer = (response: AdmissionResponse) => ({ apiVersion, kind: 'AdmissionReview', response });
  if (request.object === undefined || request.object === null) return answer({ uid, allowed: true });
  const mutating = match[1] === 'mutate';
  return answer(mutating ? mutate(kind, uid, request.object) : validate(kind, uid, request));
}
