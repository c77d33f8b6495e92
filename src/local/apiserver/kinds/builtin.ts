/** group/version, plural, kind, [scope, status, shortNames, …]. One row for each built-in kind that is stored. */
export interface KindRow {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly status: boolean;
  readonly scale: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
}

const row = (groupVersion: string, plural: string, kind: string, flags = '', shortNames = ''): KindRow => {
  const [group, version] = groupVersion.includes('/') ? groupVersion.split('/') : ['', groupVersion];
  return {
    group: group ?? '',
    version: version ?? '',
    plural,
    kind,
    namespaced: !flags.includes('cluster'),
    status: flags.includes('status'),
    scale: flags.includes('scale'),
    shortNames: shortNames === '' ? [] : shortNames.split(' '),
    categories: flags.includes('all') ? ['all'] : [],
  };
};

export const builtinKinds: readonly KindRow[] = [
  row('v1', 'namespaces', 'Namespace', 'cluster status', 'ns'),
  row('v1', 'nodes', 'Node', 'cluster status', 'no'),
  row('v1', 'pods', 'Pod', 'status all', 'po'),
  row('v1', 'services', 'Service', 'status all', 'svc'),
  row('v1', 'endpoints', 'Endpoints', '', 'ep'),
  row('v1', 'secrets', 'Secret'),
  row('v1', 'configmaps', 'ConfigMap', '', 'cm'),
  row('v1', 'persistentvolumeclaims', 'PersistentVolumeClaim', 'status', 'pvc'),
  row('v1', 'persistentvolumes', 'PersistentVolume', 'cluster status', 'pv'),
  row('v1', 'serviceaccounts', 'ServiceAccount', '', 'sa'),
  row('v1', 'events', 'Event', '', 'ev'),
  row('apps/v1', 'deployments', 'Deployment', 'status scale all', 'deploy'),
  row('apps/v1', 'replicasets', 'ReplicaSet', 'status scale all', 'rs'),
  row('batch/v1', 'jobs', 'Job', 'status all'),
  row('rbac.authorization.k8s.io/v1', 'roles', 'Role'),
  row('rbac.authorization.k8s.io/v1', 'rolebindings', 'RoleBinding'),
  row('rbac.authorization.k8s.io/v1', 'clusterroles', 'ClusterRole', 'cluster'),
  row('rbac.authorization.k8s.io/v1', 'clusterrolebindings', 'ClusterRoleBinding', 'cluster'),
  row('coordination.k8s.io/v1', 'leases', 'Lease'),
  row('policy/v1', 'poddisruptionbudgets', 'PodDisruptionBudget', 'status', 'pdb'),
  row('discovery.k8s.io/v1', 'endpointslices', 'EndpointSlice'),
  row('storage.k8s.io/v1', 'storageclasses', 'StorageClass', 'cluster', 'sc'),
  row('events.k8s.io/v1', 'events', 'Event', '', 'ev'),
  row('apiextensions.k8s.io/v1', 'customresourcedefinitions', 'CustomResourceDefinition', 'cluster status', 'crd crds'),
  row('admissionregistration.k8s.io/v1', 'mutatingwebhookconfigurations', 'MutatingWebhookConfiguration', 'cluster'),
  row(
    'admissionregistration.k8s.io/v1',
    'validatingwebhookconfigurations',
    'ValidatingWebhookConfiguration',
    'cluster',
  ),
];

/** Sub-resources beside status and scale: resource, sub-resource, kind that it takes, verbs. */
export const otherSubresources: readonly {
  resource: string;
  name: string;
  group: string;
  version: string;
  kind: string;
  verbs: string[];
}[] = [
  { resource: 'pods', name: 'binding', group: '', version: 'v1', kind: 'Binding', verbs: ['create'] },
  { resource: 'pods', name: 'eviction', group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] },
  { resource: 'pods', name: 'log', group: '', version: 'v1', kind: 'Pod', verbs: ['get'] },
  { resource: 'pods', name: 'exec', group: '', version: 'v1', kind: 'PodExecOptions', verbs: ['create', 'get'] },
  { resource: 'pods', name: 'attach', group: '', version: 'v1', kind: 'PodAttachOptions', verbs: ['create', 'get'] },
  {
    resource: 'pods',
    name: 'portforward',
    group: '',
    version: 'v1',
    kind: 'PodPortForwardOptions',
    verbs: ['create', 'get'],
  },
  {
    resource: 'pods',
    name: 'proxy',
    group: '',
    version: 'v1',
    kind: 'PodProxyOptions',
    verbs: ['create', 'delete', 'get', 'patch', 'update'],
  },
  {
    resource: 'serviceaccounts',
    name: 'token',
    group: 'authentication.k8s.io',
    version: 'v1',
    kind: 'TokenRequest',
    verbs: ['create'],
  },
  { resource: 'namespaces', name: 'finalize', group: '', version: 'v1', kind: 'Namespace', verbs: ['update'] },
];

/** Kinds that are asked, never stored. */
export const reviewKinds: readonly KindRow[] = [
  row('authentication.k8s.io/v1', 'tokenreviews', 'TokenReview', 'cluster'),
  row('authentication.k8s.io/v1', 'selfsubjectreviews', 'SelfSubjectReview', 'cluster'),
  row('authorization.k8s.io/v1', 'selfsubjectaccessreviews', 'SelfSubjectAccessReview', 'cluster'),
  row('authorization.k8s.io/v1', 'subjectaccessreviews', 'SubjectAccessReview', 'cluster'),
  row('authorization.k8s.io/v1', 'localsubjectaccessreviews', 'LocalSubjectAccessReview'),
  row('authorization.k8s.io/v1', 'selfsubjectrulesreviews', 'SelfSubjectRulesReview', 'cluster'),
];
