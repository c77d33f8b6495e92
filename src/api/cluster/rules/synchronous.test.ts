import { expect, test } from '@jest/globals';
import type { ClusterSpec } from '../../generated/cluster.ts';
import { aCluster } from '../../testing/a-cluster.ts';
import { errorsOf } from '../../testing/errors-of.ts';
import { validateCluster } from './validate-cluster.ts';

const synchronous = (section: object): Partial<ClusterSpec> => ({
  postgresql: { synchronous: { method: 'any', number: 1, ...section } },
});

test.each<[string, Partial<ClusterSpec>, unknown[]]>([
  ['one of three', synchronous({ number: 1 }), []],
  [
    'three of three',
    synchronous({ number: 3 }),
    ['spec.postgresql.synchronous.number: 3: must be less than the number of instances and further standby names, 3'],
  ],
  ['three of three and one', synchronous({ number: 3, standbyNamesPre: ['a'] }), []],
  [
    'a quorum of one and one',
    synchronous({ number: 1, failoverQuorum: true, standbyNamesPost: ['a'] }),
    [
      'spec.postgresql.synchronous.number: 1: must be more than the number of further standby names, 1, with failoverQuorum',
    ],
  ],
  [
    'anybody, and an instance of its own, as further names',
    synchronous({ number: 2, standbyNamesPre: ['elsewhere', '*'], standbyNamesPost: ['example-2'] }),
    [
      'spec.postgresql.synchronous.standbyNamesPre[1]: "*": must be the name of a standby outside of this cluster, and not *',
      'spec.postgresql.synchronous.standbyNamesPost[0]: "example-2": must be the name of a standby outside of this cluster, and not *',
    ],
  ],
  ['the old way', { minSyncReplicas: 1, maxSyncReplicas: 2 }, []],
  [
    'the old way with too many',
    { minSyncReplicas: 1, maxSyncReplicas: 3 },
    ['spec.maxSyncReplicas: 3: must be less than instances, 3'],
  ],
  [
    'the old way without most',
    { minSyncReplicas: 1 },
    ['spec.minSyncReplicas: 1: must not be more than maxSyncReplicas, 0'],
  ],
  [
    'both ways',
    { maxSyncReplicas: 1, ...synchronous({ number: 1 }) },
    ['spec.postgresql.synchronous: cannot go together with minSyncReplicas and maxSyncReplicas'],
  ],
  [
    'a constraint without labels',
    { postgresql: { syncReplicaElectionConstraint: { enabled: true } } },
    [expect.stringContaining('must name a node label')],
  ],
])('%s', (_name, spec, expected) => {
  expect(errorsOf(validateCluster(aCluster(spec)))).toEqual(expected);
});

const quorum = 'alpha.cnpg.io/failoverQuorum';
test.each<[string, Partial<ClusterSpec>, string, unknown[]]>([
  [
    'without synchronous standbys',
    {},
    'true',
    [`metadata.annotations[${quorum}]: "true": needs spec.postgresql.synchronous with a method and a number`],
  ],
  ['the old way', { minSyncReplicas: 1, maxSyncReplicas: 2 }, 'true', [expect.stringContaining(quorum)]],
  ['switched off without synchronous standbys', {}, 'false', []],
  ['with synchronous standbys', synchronous({}), 'true', []],
])('a quorum by annotation: %s', (_name, spec, value, expected) => {
  expect(errorsOf(validateCluster(aCluster(spec, { [quorum]: value })))).toEqual(expected);
});
