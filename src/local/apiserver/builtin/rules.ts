import type { Cause } from '../errors.ts';
import type { Resource } from '../registry.ts';
import type { Services } from '../services.ts';
import type { Loose, Obj } from '../types.ts';
import { bindingRules, definitionRules, namespaceRules, webhookRules } from './cluster-objects.ts';
import { configMapRules, secretRules } from './data.ts';
import { podRules } from './pods.ts';
import { serviceRules } from './services.ts';
import { claimRules, storageClassRules, volumeRules } from './storage.ts';
import { deploymentRules, jobRules, replicaSetRules } from './workloads.ts';

/** What a built-in kind does beyond its schema. Functions change the fresh copy that they are given. */
export interface KindRules {
  /** Fields that the server fills in at creation (addresses, generated selectors, a first status). */
  readonly prepare?: (object: Obj, services: Services) => void;
  /** Defaults, at creation and at every update. */
  readonly fill?: (object: Loose) => void;
  /** What an update need not repeat. */
  readonly retain?: (next: Obj, current: Obj, services: Services) => void;
  readonly validate?: (object: Obj, current: Obj | undefined) => Cause[];
}

const none: KindRules = {};

const rules: Readonly<Record<string, KindRules>> = {
  '/namespaces': namespaceRules,
  '/pods': podRules,
  '/services': serviceRules,
  '/secrets': secretRules,
  '/configmaps': configMapRules,
  '/persistentvolumeclaims': claimRules,
  '/persistentvolumes': volumeRules,
  'apps/deployments': deploymentRules,
  'apps/replicasets': replicaSetRules,
  'batch/jobs': jobRules,
  'storage.k8s.io/storageclasses': storageClassRules,
  'rbac.authorization.k8s.io/rolebindings': bindingRules,
  'rbac.authorization.k8s.io/clusterrolebindings': bindingRules,
  'admissionregistration.k8s.io/mutatingwebhookconfigurations': webhookRules,
  'admissionregistration.k8s.io/validatingwebhookconfigurations': webhookRules,
  'apiextensions.k8s.io/customresourcedefinitions': definitionRules,
};

export const builtinRules = (resource: Resource): KindRules => rules[resource.storage] ?? none;
