import type { Resource } from '../kinds/resource.ts';
import { bindingRules, definitionRules, namespaceRules, webhookRules } from './cluster-objects.ts';
import { configMapRules, secretRules } from './data.ts';
import type { KindRules } from './kind-rules.ts';
import { podRules } from './pods.ts';
import { serviceRules } from './services.ts';
import { claimRules, storageClassRules, volumeRules } from './storage.ts';
import { deploymentRules, jobRules, replicaSetRules } from './workloads.ts';

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
