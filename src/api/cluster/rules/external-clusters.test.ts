import { expect, test } from '@jest/globals';
import type { ClusterSpec } from '../../generated/cluster.ts';
import { aCluster } from '../../testing/a-cluster.ts';
import { errorsOf } from '../../testing/errors-of.ts';
import { validateCluster } from './validate-cluster.ts';

const origin = (name: string) => ({ name, connectionParameters: { host: 'origin' } });

test.each<[string, Partial<ClusterSpec>, unknown[]]>([
  [
    'two of one name',
    { externalClusters: [origin('a'), origin('a')] },
    ['spec.externalClusters[1].name: "a": is there twice'],
  ],
  [
    'a path for a name',
    { externalClusters: [origin('a/../b')] },
    ['spec.externalClusters[0].name: "a/../b": must be a name without /, \\ or ..'],
  ],
  [
    'no way to reach it',
    { externalClusters: [{ name: 'a' }] },
    ['spec.externalClusters[0]: "a": must have connectionParameters, barmanObjectStore or plugin'],
  ],
  [
    'a store that cannot be used',
    { externalClusters: [{ name: 'a', barmanObjectStore: { destinationPath: 's3://b' } }] },
    [expect.stringContaining('spec.externalClusters[0].barmanObjectStore: []: must have exactly one of')],
  ],
  [
    'a store and a plugin',
    {
      externalClusters: [
        {
          name: 'a',
          plugin: { name: 'p' },
          barmanObjectStore: { destinationPath: 's3://b', s3Credentials: { inheritFromIAMRole: true } },
        },
      ],
    },
    ['spec.externalClusters[0].plugin: "p": cannot go together with barmanObjectStore'],
  ],
])('%s', (_name, spec, expected) => {
  expect(errorsOf(validateCluster(aCluster(spec)))).toEqual(expected);
});
