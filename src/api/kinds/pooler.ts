import { ageColumn, type Kind } from '../schema/kind.ts';
import { as, choice, flag, integer, kubernetes, object, required, text, textMap, texts } from '../schema/schema.ts';
import { immutable } from '../schema/schema.ts';
import { catalogRules, localObjectReference, metadata, metricsTls, relabelConfigs, serviceTemplate } from './common.ts';

const catalogComponent = object(
  'ComponentImageCatalogRef',
  'The catalog component that the image is taken from.',
  {
    apiGroup: text('API group of the catalog: postgresql.cnpg.io.'),
    kind: required(text('ImageCatalog or ClusterImageCatalog.')),
    name: required(text('Name of the catalog.')),
    key: required(text('Key of the component image.')),
  },
  {
    rules: catalogRules,
  },
);

const pgbouncer = object(
  'PgBouncerSpec',
  "PgBouncer's configuration.",
  {
    poolMode: choice(['session', 'transaction'], 'When a server connection goes back to the pool.', {
      default: 'session',
    }),
    serverTLSSecret: as(localObjectReference, 'TLS Secret that PgBouncer shows to the servers.'),
    serverCASecret: as(localObjectReference, 'Secret with the CA that the servers are verified with.'),
    clientCASecret: as(localObjectReference, 'Secret with the CA that clients are verified with.'),
    clientTLSSecret: as(localObjectReference, 'TLS Secret that PgBouncer shows to clients.'),
    authQuerySecret: as(localObjectReference, 'Secret of the user that runs authQuery.', { deprecated: true }),
    authQuery: text('Query for the password of a user; default: SELECT usename, passwd FROM public.user_search($1).'),
    parameters: textMap('Parameters of pgbouncer.ini; only those that are known to be safe.'),
    pg_hba: texts('Lines of pg_hba.conf of PgBouncer.'),
    paused: flag('PgBouncer is paused.', { default: false }),
    image: text('The PgBouncer image.'),
    imageCatalogRef: catalogComponent,
  },
  {
    rules: [
      {
        rule: '!(has(self.image) && has(self.imageCatalogRef))',
        message: 'image and imageCatalogRef are mutually exclusive',
      },
    ],
  },
);

const secretVersion = object('SecretVersion', 'A Secret and its version.', {
  name: text('Name of the Secret.'),
  version: text('Resource version of the Secret.'),
});

const status = object('PoolerStatus', 'What was observed of the pooler; only the operator writes it.', {
  secrets: object('PoolerSecrets', 'Secrets in use.', {
    clientTLS: secretVersion,
    serverTLS: secretVersion,
    serverCA: secretVersion,
    clientCA: secretVersion,
    pgBouncerSecrets: object('PgBouncerSecrets', 'Secrets of PgBouncer.', { authQuery: secretVersion }),
  }),
  instances: integer('Number of pods.', { format: 'int32' }),
  phase: text('active, paused, inactive or failed.'),
  phaseReason: text('Why.'),
  image: text('The image in use.'),
  error: text('What went wrong.'),
});

export const pooler: Kind = {
  kind: 'Pooler',
  plural: 'poolers',
  namespaced: true,
  description: 'A connection pooler in front of a cluster.',
  spec: object(
    'PoolerSpec',
    'What the pooler is to be.',
    {
      cluster: required(
        as(localObjectReference, 'The cluster; it cannot change.', {
          rules: [{ rule: 'self == oldSelf', message: 'cluster is immutable' }],
        }),
      ),
      type: choice(['rw', 'ro', 'r'], 'The service of the cluster that connections go to.', { default: 'rw' }),
      instances: integer('Number of pods.', { format: 'int32', default: 1 }),
      template: object('PodTemplateSpec', 'Template of the pods; the container is named pgbouncer.', {
        metadata,
        spec: kubernetes('V1PodSpec', 'Specification of the pods.'),
      }),
      deploymentStrategy: kubernetes('V1DeploymentStrategy', 'How pods are replaced.'),
      serviceTemplate,
      serviceAccountName: text('An existing service account, instead of a generated one; it cannot change.'),
      monitoring: object('PoolerMonitoringConfiguration', 'Metrics of the pooler.', {
        enablePodMonitor: flag('A PodMonitor is made for the pooler.', { default: false, deprecated: true }),
        podMonitorMetricRelabelings: relabelConfigs('Relabelling of the metrics of the PodMonitor.'),
        podMonitorRelabelings: relabelConfigs('Relabelling of the targets of the PodMonitor.'),
        tls: metricsTls,
      }),
      pgbouncer: required(pgbouncer),
    },
    { rules: [immutable('serviceAccountName')] },
  ),
  status,
  scale: { specReplicasPath: '.spec.instances', statusReplicasPath: '.status.instances' },
  columns: [
    ageColumn,
    { name: 'Cluster', type: 'string', jsonPath: '.spec.cluster.name' },
    { name: 'Type', type: 'string', jsonPath: '.spec.type' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
  ],
};
