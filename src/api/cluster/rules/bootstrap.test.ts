import { expect, test } from '@jest/globals';
import type { ClusterSpec } from '../../generated/cluster.ts';
import { aCluster } from '../../testing/a-cluster.ts';
import { errorsOf } from '../../testing/errors-of.ts';
import { validateCluster } from './validate-cluster.ts';

test.each<[string, Partial<ClusterSpec>, unknown[]]>([
  ['nothing', {}, []],
  [
    'two methods',
    { bootstrap: { initdb: {}, recovery: { backup: { name: 'a' } } } },
    ['spec.bootstrap: ["initdb","recovery"]: only one of initdb, recovery, pg_basebackup is allowed'],
  ],
  [
    'the superuser as owner',
    { bootstrap: { initdb: { database: 'a', owner: 'postgres' } } },
    ['spec.bootstrap.initdb.owner: "postgres": must not be the superuser'],
  ],
  [
    'a secret without name',
    { bootstrap: { initdb: { secret: { name: '' } } } },
    ['spec.bootstrap.initdb.secret.name: "": must not be empty'],
  ],
  ['a segment size of 64 MB', { bootstrap: { initdb: { walSegmentSize: 64 } } }, []],
  [
    'a segment size of 24 MB',
    { bootstrap: { initdb: { walSegmentSize: 24 } } },
    ['spec.bootstrap.initdb.walSegmentSize: 24: must be a power of 2 from 1 to 1024 (MB)'],
  ],
  [
    'SQL of a key without name',
    {
      bootstrap: {
        initdb: { postInitSQLRefs: { secretRefs: [{ name: 'a', key: '' }], configMapRefs: [{ name: '', key: 'b' }] } },
      },
    },
    [
      'spec.bootstrap.initdb.postInitSQLRefs.secretRefs[0].key: "": must not be empty',
      'spec.bootstrap.initdb.postInitSQLRefs.configMapRefs[0].name: "": must not be empty',
    ],
  ],
  [
    'an unknown source',
    { bootstrap: { pg_basebackup: { source: 'origin' } } },
    ['spec.bootstrap.pg_basebackup.source: "origin": must be the name of an entry of externalClusters; there are none'],
  ],
  [
    'a source that is not there',
    {
      bootstrap: { pg_basebackup: { source: 'origin' } },
      externalClusters: [{ name: 'other', connectionParameters: { host: 'a' } }],
    },
    [
      'spec.bootstrap.pg_basebackup.source: "origin": must be the name of an entry of externalClusters; there are other',
    ],
  ],
  [
    'a source that cannot be connected to',
    {
      bootstrap: { pg_basebackup: { source: 'origin' } },
      externalClusters: [{ name: 'origin', plugin: { name: 'p' } }],
    },
    ['spec.bootstrap.pg_basebackup.source: "origin": the entry of externalClusters must have connectionParameters'],
  ],
])('%s', (_name, spec, expected) => {
  expect(errorsOf(validateCluster(aCluster(spec)))).toEqual(expected);
});
