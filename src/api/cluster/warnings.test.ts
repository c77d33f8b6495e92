import { expect, test } from '@jest/globals';
import type { ClusterSpec } from '../generated/cluster.ts';
import { aCluster } from '../testing/a-cluster.ts';
import { validateCluster } from './rules/validate-cluster.ts';

const store = { destinationPath: 's3://a', s3Credentials: { inheritFromIAMRole: true } };

test.each<[string, Partial<ClusterSpec>, string[]]>([
  ['one instance', {}, []],
  [
    'three instances',
    { instances: 3 },
    ['spec.instances: replication is asynchronous, so a failover may lose the last committed transactions'],
  ],
  [
    'a store',
    { backup: { barmanObjectStore: store } },
    ['barmanObjectStore: deprecated in CloudNativePG in favour of a plugin'],
  ],
  [
    'retention of nothing',
    { backup: { retentionPolicy: '30d' } },
    ['spec.backup.retentionPolicy: without effect, because there is no barmanObjectStore'],
  ],
  [
    'buffers without unit',
    { postgresql: { parameters: { shared_buffers: '1000' } } },
    ['spec.postgresql.parameters[shared_buffers]: 1000 has no unit and counts pages of 8 kB'],
  ],
  [
    'two storage classes',
    { storage: { size: '1Gi', storageClass: 'a', pvcTemplate: { storageClassName: 'b' } } },
    ['spec.storage: storageClass overrides pvcTemplate.storageClassName'],
  ],
  [
    'two sizes',
    { walStorage: { size: '1Gi', pvcTemplate: { resources: { requests: { storage: '2Gi' } } } } },
    ['spec.walStorage: size overrides pvcTemplate.resources.requests.storage'],
  ],
  [
    'maintenance',
    { nodeMaintenanceWindow: { inProgress: true } },
    ['spec.nodeMaintenanceWindow: deprecated; PodDisruptionBudgets and the draining of nodes do the same'],
  ],
  [
    'queries at every scrape',
    { monitoring: { metricsQueriesTTL: '0s' } },
    ['spec.monitoring.metricsQueriesTTL: 0 runs every query at every scrape'],
  ],
  [
    'a PodMonitor',
    { monitoring: { enablePodMonitor: true } },
    ['spec.monitoring.enablePodMonitor: deprecated; make a PodMonitor by hand'],
  ],
  [
    'a quorum for commits that did not wait',
    {
      instances: 3,
      postgresql: { synchronous: { method: 'any', number: 1, dataDurability: 'preferred', failoverQuorum: true } },
    },
    [
      'spec.postgresql.synchronous.failoverQuorum: without effect with dataDurability preferred: nobody knows whether commits waited',
    ],
  ],
])('%s', (_name, spec, expected) => {
  expect(validateCluster(aCluster({ instances: 1, ...spec })).warnings).toEqual(expected);
});
