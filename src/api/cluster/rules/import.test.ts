import { expect, test } from '@jest/globals';
import type { ClusterSpec } from '../../generated/cluster.ts';
import { aCluster } from '../../testing/a-cluster.ts';
import { errorsOf } from '../../testing/errors-of.ts';
import { validateCluster } from './validate-cluster.ts';

const imported = (section: object): Partial<ClusterSpec> => ({
  bootstrap: { initdb: { import: { source: { externalCluster: 'origin' }, ...section } as never } },
  externalClusters: [{ name: 'origin', connectionParameters: { host: 'a' } }],
});

test.each<[string, Partial<ClusterSpec>, unknown[]]>([
  ['one database', imported({ type: 'microservice', databases: ['a'] }), []],
  [
    'two databases',
    imported({ type: 'microservice', databases: ['a', 'b'] }),
    [
      'spec.bootstrap.initdb.import.databases: ["a","b"]: must be the name of exactly one database with type microservice',
    ],
  ],
  [
    'roles of a microservice',
    imported({ type: 'microservice', databases: ['a'], roles: ['b'] }),
    ['spec.bootstrap.initdb.import.roles: ["b"]: must be empty with type microservice'],
  ],
  ['everything', imported({ type: 'monolith', databases: ['*'], roles: ['*'] }), []],
  [
    'everything and one',
    imported({ type: 'monolith', databases: ['*', 'a'] }),
    ['spec.bootstrap.initdb.import.databases: ["*","a"]: * must be alone'],
  ],
  [
    'no database',
    imported({ type: 'monolith', databases: [] }),
    ['spec.bootstrap.initdb.import.databases: []: must name a database, or *'],
  ],
  [
    'SQL after a monolith',
    imported({ type: 'monolith', databases: ['a'], postImportApplicationSQL: ['SELECT 1'] }),
    ['spec.bootstrap.initdb.import.postImportApplicationSQL: must be empty with type monolith'],
  ],
  [
    'an unknown server',
    imported({ type: 'monolith', databases: ['a'], source: { externalCluster: 'b' } }),
    [
      'spec.bootstrap.initdb.import.source.externalCluster: "b": must be the name of an entry of externalClusters; there are origin',
    ],
  ],
])('%s', (_name, spec, expected) => {
  expect(errorsOf(validateCluster(aCluster(spec)))).toEqual(expected);
});
