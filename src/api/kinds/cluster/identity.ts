// What an instance is made of, and where it runs.
import {
  as,
  choice,
  flag,
  integer,
  kubernetes,
  list,
  object,
  quantity,
  required,
  text,
  textMap,
} from '../../schema/schema.ts';
import { catalogRules, localObjectReference, metadata } from '../common.ts';

export const imageCatalogRef = object(
  'ImageCatalogRef',
  'The image catalog that the PostgreSQL image is taken from.',
  {
    apiGroup: text('API group of the catalog: postgresql.cnpg.io.'),
    kind: required(text('ImageCatalog or ClusterImageCatalog.')),
    name: required(text('Name of the catalog.')),
    major: required(integer('Major version of PostgreSQL to take from the catalog.')),
  },
  {
    rules: catalogRules,
  },
);

const affinity = object('AffinityConfiguration', 'On which nodes instances may run.', {
  enablePodAntiAffinity: flag('Keeps the instances of a cluster apart; default: true.'),
  topologyKey: text('Node label whose values instances are kept apart by; default: kubernetes.io/hostname.'),
  podAntiAffinityType: choice(
    ['preferred', 'required'],
    'Whether instances only prefer to be apart, or must be; default: preferred.',
  ),
  nodeSelector: textMap('Labels that a node must have.'),
  nodeAffinity: kubernetes('V1NodeAffinity', 'Rules about the nodes.'),
  tolerations: list(kubernetes('V1Toleration', ''), 'Taints of nodes that are tolerated.'),
  additionalPodAntiAffinity: kubernetes('V1PodAntiAffinity', 'Rules that are added to the generated anti-affinity.'),
  additionalPodAffinity: kubernetes('V1PodAffinity', 'Pods to run near to.'),
});

const serviceAccountTemplate = object('ServiceAccountTemplate', 'Template of the service account of the instances.', {
  metadata: required(as(metadata, 'Labels and annotations of the generated service account.')),
});

const ephemeralVolumesSizeLimit = object('EphemeralVolumesSizeLimit', 'Size limits of the ephemeral volumes.', {
  shm: quantity('Size limit of the shared memory volume at /dev/shm.'),
  temporaryData: quantity('Size limit of the volume for temporary data.'),
});

export const identityFields = {
  description: text('What the cluster is for; free text.'),
  inheritedMetadata: object('EmbeddedObjectMetadata', 'Metadata that every object of the cluster gets.', {
    labels: textMap('Labels.'),
    annotations: textMap('Annotations.'),
  }),
  imageName: text(
    'The PostgreSQL image; its tag begins with the version. Default: the one that the operator is configured with.',
  ),
  imageCatalogRef,
  imagePullPolicy: choice(
    ['Always', 'Never', 'IfNotPresent'],
    'When the image is pulled; default: as Kubernetes decides.',
  ),
  imagePullSecrets: list(localObjectReference, 'Secrets to pull the image with.'),
  schedulerName: text('The scheduler of the pods; default: that of the Kubernetes cluster.'),
  postgresUID: integer('User id that PostgreSQL runs under; it cannot change later.', { format: 'int64', default: 26 }),
  postgresGID: integer('Group id that PostgreSQL runs under; it cannot change later.', {
    format: 'int64',
    default: 26,
  }),
  instances: required(integer('Number of instances: one primary, the others replicas.', { minimum: 1, default: 1 })),
  minSyncReplicas: integer('Least number of synchronous replicas.', { minimum: 0, default: 0, deprecated: true }),
  maxSyncReplicas: integer('Greatest number of synchronous replicas; less than instances.', {
    minimum: 0,
    default: 0,
    deprecated: true,
  }),
  env: list(kubernetes('V1EnvVar', ''), 'Environment variables of the instances; names that we set are refused.'),
  envFrom: list(kubernetes('V1EnvFromSource', ''), 'ConfigMaps and Secrets that environment variables are taken from.'),
  projectedVolumeTemplate: kubernetes('V1ProjectedVolumeSource', 'A volume that is mounted at /projected.'),
  ephemeralVolumeSource: kubernetes('V1EphemeralVolumeSource', 'Makes the volume for temporary data from a claim.'),
  ephemeralVolumesSizeLimit,
  resources: kubernetes('V1ResourceRequirements', 'Resources of the PostgreSQL container, and of the Jobs.'),
  priorityClassName: text('Priority class of the pods.'),
  serviceAccountTemplate,
  serviceAccountName: text('An existing service account for the instances, instead of a generated one.', {
    maxLength: 253,
    pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
  }),
  seccompProfile: kubernetes('V1SeccompProfile', 'Seccomp profile of the pods; default: RuntimeDefault.'),
  podSecurityContext: kubernetes('V1PodSecurityContext', 'Security context of the pods; what is unset we fill in.'),
  securityContext: kubernetes('V1SecurityContext', 'Security context of the containers; what is unset we fill in.'),
  topologySpreadConstraints: list(
    kubernetes('V1TopologySpreadConstraint', ''),
    'How the pods spread over the topology of the Kubernetes cluster.',
  ),
  affinity,
  logLevel: choice(
    ['error', 'warning', 'info', 'debug', 'trace'],
    'Log level of the instance manager; pods made later have it.',
    { default: 'info' },
  ),
} as const;
