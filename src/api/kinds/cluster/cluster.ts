import { ageColumn, type Kind } from '../../schema/kind.ts';
import { immutable, object } from '../../schema/schema.ts';
import { availabilityFields } from './availability.ts';
import { backup, monitoring, plugins } from './backup.ts';
import { bootstrap, externalClusters, replica } from './bootstrap.ts';
import { credentialFields } from './credentials.ts';
import { identityFields } from './identity.ts';
import { managed } from './managed.ts';
import { podSelectorRefs, postgresConfiguration, replicationSlots } from './postgresql.ts';
import { clusterStatus } from './status.ts';
import { storageFields } from './storage.ts';

export const cluster: Kind = {
  kind: 'Cluster',
  plural: 'clusters',
  namespaced: true,
  description: 'A PostgreSQL cluster: one primary and its replicas.',
  spec: object(
    'ClusterSpec',
    'What the cluster is to be.',
    {
      ...identityFields,
      postgresql: postgresConfiguration,
      podSelectorRefs,
      replicationSlots,
      bootstrap,
      replica,
      externalClusters,
      ...credentialFields,
      ...storageFields,
      ...availabilityFields,
      backup,
      plugins,
      monitoring,
      managed,
    },
    {
      rules: [
        {
          rule: '!(has(self.imageCatalogRef) && has(self.imageName))',
          message: 'imageName and imageCatalogRef are mutually exclusive',
        },
        immutable('serviceAccountName'),
      ],
    },
  ),
  status: clusterStatus,
  scale: {
    specReplicasPath: '.spec.instances',
    statusReplicasPath: '.status.instances',
    labelSelectorPath: '.status.selector',
  },
  columns: [
    ageColumn,
    { name: 'Instances', type: 'integer', jsonPath: '.status.instances', description: 'Number of instances' },
    { name: 'Ready', type: 'integer', jsonPath: '.status.readyInstances', description: 'Number of ready instances' },
    { name: 'Status', type: 'string', jsonPath: '.status.phase', description: 'What is going on' },
    { name: 'Primary', type: 'string', jsonPath: '.status.currentPrimary', description: 'The primary' },
    {
      name: 'SyncTopology',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="SyncReplicationTopologySatisfied")].reason',
      description: 'Whether synchronous standbys are spread as asked',
      priority: 1,
    },
  ],
};
