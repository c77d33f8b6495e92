import { apiGroup, barmanPluginGroup } from '../naming.ts';
import type { ResourceType } from './types.ts';

const type = (group: string, version: string, plural: string, kind: string, namespaced = true): ResourceType => ({
  group,
  version,
  plural,
  kind,
  namespaced,
});

export const resource = {
  pods: type('', 'v1', 'pods', 'Pod'),
  services: type('', 'v1', 'services', 'Service'),
  secrets: type('', 'v1', 'secrets', 'Secret'),
  configMaps: type('', 'v1', 'configmaps', 'ConfigMap'),
  persistentVolumeClaims: type('', 'v1', 'persistentvolumeclaims', 'PersistentVolumeClaim'),
  persistentVolumes: type('', 'v1', 'persistentvolumes', 'PersistentVolume', false),
  serviceAccounts: type('', 'v1', 'serviceaccounts', 'ServiceAccount'),
  events: type('', 'v1', 'events', 'Event'),
  nodes: type('', 'v1', 'nodes', 'Node', false),
  namespaces: type('', 'v1', 'namespaces', 'Namespace', false),
  jobs: type('batch', 'v1', 'jobs', 'Job'),
  deployments: type('apps', 'v1', 'deployments', 'Deployment'),
  replicaSets: type('apps', 'v1', 'replicasets', 'ReplicaSet'),
  roles: type('rbac.authorization.k8s.io', 'v1', 'roles', 'Role'),
  roleBindings: type('rbac.authorization.k8s.io', 'v1', 'rolebindings', 'RoleBinding'),
  clusterRoles: type('rbac.authorization.k8s.io', 'v1', 'clusterroles', 'ClusterRole', false),
  clusterRoleBindings: type('rbac.authorization.k8s.io', 'v1', 'clusterrolebindings', 'ClusterRoleBinding', false),
  leases: type('coordination.k8s.io', 'v1', 'leases', 'Lease'),
  podDisruptionBudgets: type('policy', 'v1', 'poddisruptionbudgets', 'PodDisruptionBudget'),
  endpointSlices: type('discovery.k8s.io', 'v1', 'endpointslices', 'EndpointSlice'),
  storageClasses: type('storage.k8s.io', 'v1', 'storageclasses', 'StorageClass', false),
  customResourceDefinitions: type(
    'apiextensions.k8s.io',
    'v1',
    'customresourcedefinitions',
    'CustomResourceDefinition',
    false,
  ),
  validatingWebhooks: type(
    'admissionregistration.k8s.io',
    'v1',
    'validatingwebhookconfigurations',
    'ValidatingWebhookConfiguration',
    false,
  ),
  mutatingWebhooks: type(
    'admissionregistration.k8s.io',
    'v1',
    'mutatingwebhookconfigurations',
    'MutatingWebhookConfiguration',
    false,
  ),
  clusters: type(apiGroup, 'v1', 'clusters', 'Cluster'),
  backups: type(apiGroup, 'v1', 'backups', 'Backup'),
  scheduledBackups: type(apiGroup, 'v1', 'scheduledbackups', 'ScheduledBackup'),
  poolers: type(apiGroup, 'v1', 'poolers', 'Pooler'),
  imageCatalogs: type(apiGroup, 'v1', 'imagecatalogs', 'ImageCatalog'),
  clusterImageCatalogs: type(apiGroup, 'v1', 'clusterimagecatalogs', 'ClusterImageCatalog', false),
  databases: type(apiGroup, 'v1', 'databases', 'Database'),
  databaseRoles: type(apiGroup, 'v1', 'databaseroles', 'DatabaseRole'),
  publications: type(apiGroup, 'v1', 'publications', 'Publication'),
  subscriptions: type(apiGroup, 'v1', 'subscriptions', 'Subscription'),
  objectStores: type(barmanPluginGroup, 'v1', 'objectstores', 'ObjectStore'),
  failoverQuorums: type(apiGroup, 'v1', 'failoverquorums', 'FailoverQuorum'),
} as const satisfies Record<string, ResourceType>;

export const groupVersion = (resourceType: ResourceType): string =>
  resourceType.group === '' ? resourceType.version : `${resourceType.group}/${resourceType.version}`;
