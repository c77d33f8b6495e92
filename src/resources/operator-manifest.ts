// What is applied to a cluster so that the operator runs there, apart from the CRDs (crds/*.yaml).
import {
  apiGroup,
  barmanPluginGroup,
  operatorDeployment,
  operatorNamespace,
  operatorServiceAccount,
  port,
  webhookService,
} from '../naming.ts';
import { program } from '../paths.ts';
import { webhookConfigurations } from './webhook-configurations.ts';

export interface OperatorManifestOptions {
  /** The image with the program; also the one whose program is put into instances' pods. */
  readonly image: string;
  /** Changes when the program behind an unchanged image name does, so that the operator is rolled. */
  readonly build?: string;
  /** Of `howdah operator`, besides its defaults. */
  readonly arguments?: readonly string[];
}

export interface RbacRule {
  /** Why the operator needs it; a comment in the manifest. */
  readonly reason: string;
  readonly apiGroups: string[];
  readonly resources: string[];
  readonly verbs: string[];
}

const readOnly = ['get', 'list', 'watch'];
const withoutDelete = ['create', 'get', 'list', 'patch', 'update', 'watch'];
const full = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];

const ownKinds = [
  'backups',
  'clusters',
  'databaseroles',
  'databases',
  'failoverquorums',
  'poolers',
  'publications',
  'scheduledbackups',
  'subscriptions',
];

/** What the operator may do. It hands a part of this on to each cluster's instances, and RBAC lets nobody give what he has not. */
export const operatorRules: readonly RbacRule[] = [
  {
    reason: 'certificates, passwords and configuration of clusters; the operator makes and removes them',
    apiGroups: [''],
    resources: ['configmaps', 'secrets', 'services'],
    verbs: full,
  },
  {
    reason: 'instances are pods and volumes that the operator makes itself',
    apiGroups: [''],
    resources: ['pods', 'persistentvolumeclaims'],
    verbs: full,
  },
  {
    reason: 'roles and phases of pods',
    apiGroups: [''],
    resources: ['pods/status'],
    verbs: ['get', 'patch', 'update'],
  },
  { reason: 'programs inside of instances', apiGroups: [''], resources: ['pods/exec'], verbs: ['create', 'get'] },
  {
    reason: 'instances of a cluster have an account of their own',
    apiGroups: [''],
    resources: ['serviceaccounts'],
    verbs: withoutDelete,
  },
  {
    reason: 'what happened is told as events',
    apiGroups: ['', 'events.k8s.io'],
    resources: ['events'],
    verbs: ['create', 'patch'],
  },
  {
    reason: 'placement, maintenance and lost nodes',
    apiGroups: [''],
    resources: ['nodes', 'namespaces'],
    verbs: readOnly,
  },
  {
    reason: 'whether a volume can grow',
    apiGroups: ['storage.k8s.io'],
    resources: ['storageclasses'],
    verbs: readOnly,
  },
  { reason: 'initialisation, joins and restores run as jobs', apiGroups: ['batch'], resources: ['jobs'], verbs: full },
  { reason: 'poolers are deployments', apiGroups: ['apps'], resources: ['deployments'], verbs: full },
  { reason: 'drains must leave a primary', apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: full },
  {
    reason: 'what the instances of a cluster may do',
    apiGroups: ['rbac.authorization.k8s.io'],
    resources: ['roles', 'rolebindings'],
    verbs: withoutDelete,
  },
  {
    reason: 'one leader among operators; one primary per cluster',
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    verbs: full,
  },
  {
    reason: 'who serves behind a service',
    apiGroups: ['discovery.k8s.io'],
    resources: ['endpointslices'],
    verbs: readOnly,
  },
  {
    reason: 'backups by volume snapshot; deleting them is left to their owner',
    apiGroups: ['snapshot.storage.k8s.io'],
    resources: ['volumesnapshots'],
    verbs: ['create', 'get', 'list', 'patch', 'watch'],
  },
  { reason: 'metrics are scraped', apiGroups: ['monitoring.coreos.com'], resources: ['podmonitors'], verbs: full },
  {
    reason: 'the certificate authority is written into the webhooks',
    apiGroups: ['admissionregistration.k8s.io'],
    resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
    verbs: ['get', 'list', 'patch', 'update', 'watch'],
  },
  {
    reason: 'whether the CRDs are there',
    apiGroups: ['apiextensions.k8s.io'],
    resources: ['customresourcedefinitions'],
    verbs: readOnly,
  },
  { reason: 'the kinds that it is there for', apiGroups: [apiGroup], resources: ownKinds, verbs: full },
  {
    reason: 'their state',
    apiGroups: [apiGroup],
    resources: ownKinds.map((kind) => `${kind}/status`),
    verbs: ['get', 'patch', 'update'],
  },
  {
    reason: 'owners of what it makes (blockOwnerDeletion)',
    apiGroups: [apiGroup],
    resources: ownKinds.map((kind) => `${kind}/finalizers`),
    verbs: ['update'],
  },
  {
    reason:
      'object stores that clusters name by the Barman Cloud plugin; their instances say there what can be restored',
    apiGroups: [barmanPluginGroup],
    resources: ['objectstores'],
    verbs: readOnly,
  },
  {
    reason: 'their state',
    apiGroups: [barmanPluginGroup],
    resources: ['objectstores/status'],
    verbs: ['get', 'patch', 'update'],
  },
  {
    reason: 'images by version',
    apiGroups: [apiGroup],
    resources: ['clusterimagecatalogs', 'imagecatalogs'],
    verbs: readOnly,
  },
];

const labels = { 'app.kubernetes.io/name': 'cloudnative-pg' };

function operatorContainer({ image, arguments: args = [] }: OperatorManifestOptions) {
  const probe = { httpGet: { path: '/readyz', port: port.webhook, scheme: 'HTTPS' } };
  return {
    name: 'manager',
    image,
    imagePullPolicy: 'IfNotPresent',
    command: [`${program.inImage}/bin/howdah`, 'operator', ...args],
    env: [
      { name: 'OPERATOR_IMAGE_NAME', value: image },
      { name: 'OPERATOR_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      // What lives takes some 25 MiB. By itself the engine gives what has just been made as much again and more, by the memory of the
      // machine, and what was freed of each thread's buffers stays with it.
      { name: 'NODE_OPTIONS', value: '--max-semi-space-size=4' },
      { name: 'MALLOC_ARENA_MAX', value: '1' },
      { name: 'MALLOC_MMAP_THRESHOLD_', value: '262144' },
    ],
    ports: [
      { name: 'webhook-server', containerPort: port.webhook, protocol: 'TCP' },
      { name: 'metrics', containerPort: port.operatorMetrics, protocol: 'TCP' },
    ],
    startupProbe: { ...probe, periodSeconds: 1, failureThreshold: 60 },
    readinessProbe: { ...probe, periodSeconds: 5 },
    // A busy machine is no reason to begin anew, which costs it more than the answer.
    livenessProbe: { ...probe, periodSeconds: 10, timeoutSeconds: 5 },
    resources: { requests: { cpu: '100m', memory: '150Mi' }, limits: { memory: '400Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: 10001,
      runAsGroup: 10001,
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
}

function operatorDeploymentObject(options: OperatorManifestOptions) {
  const { build } = options;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: operatorDeployment, namespace: operatorNamespace, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, ...(build === undefined ? {} : { annotations: { 'howdah.dev/build': build } }) },
        spec: {
          serviceAccountName: operatorServiceAccount,
          terminationGracePeriodSeconds: 10,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [operatorContainer(options)],
        },
      },
    },
  };
}

/**
 * Namespace, account, permissions, webhooks and Deployment, in the order in which they are applied: the operator finds the
 * webhooks when it starts, and no Cluster gets past them before that.
 */
export function operatorManifest(options: OperatorManifestOptions) {
  const namespaced = (name: string) => ({ name, namespace: operatorNamespace, labels });
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: operatorNamespace, labels } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: namespaced(operatorServiceAccount) },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: operatorServiceAccount, labels },
      rules: operatorRules.map(({ apiGroups, resources, verbs }) => ({ apiGroups, resources, verbs })),
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: `${operatorServiceAccount}-rolebinding`, labels },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: operatorServiceAccount },
      subjects: [{ kind: 'ServiceAccount', name: operatorServiceAccount, namespace: operatorNamespace }],
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: namespaced(webhookService),
      spec: { selector: labels, ports: [{ name: 'https', port: 443, targetPort: port.webhook, protocol: 'TCP' }] },
    },
    ...webhookConfigurations(operatorNamespace),
    operatorDeploymentObject(options),
  ];
}
