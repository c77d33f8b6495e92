import { expect, test } from '@jest/globals';
import type { ClusterSpec } from '../../generated/cluster.ts';
import { aCluster } from '../../testing/a-cluster.ts';
import { errorsOf } from '../../testing/errors-of.ts';
import { validateCluster } from './validate-cluster.ts';

test.each<[string, Partial<ClusterSpec>, unknown[]]>([
  ['a time zone', { env: [{ name: 'TZ', value: 'UTC' }] }, []],
  [
    'PGDATA',
    {
      env: [
        { name: 'A', value: 'b' },
        { name: 'PGDATA', value: '/tmp' },
      ],
    },
    [expect.stringMatching(/^spec\.env\[1\]\.name: "PGDATA": is reserved; reserved are PG\*/)],
  ],
  ['the namespace', { env: [{ name: 'NAMESPACE', value: 'a' }] }, [expect.stringContaining('is reserved')]],
  ['our own', { env: [{ name: 'HOWDAH_ROOT', value: '/' }] }, [expect.stringContaining('is reserved')]],
])('%s', (_name, spec, expected) => {
  expect(errorsOf(validateCluster(aCluster(spec)))).toEqual(expected);
});
