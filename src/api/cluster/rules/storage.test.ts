import { expect, test } from '@jest/globals';
import type { ClusterSpec } from '../../generated/cluster.ts';
import { aCluster } from '../../testing/a-cluster.ts';
import { errorsOf } from '../../testing/errors-of.ts';
import { validateCluster } from './validate-cluster.ts';

const tablespace = (name: string) => ({ name, storage: { size: '1Gi' } });

test.each<[string, Partial<ClusterSpec>, unknown[]]>([
  ['a size in the template', { storage: { pvcTemplate: { resources: { requests: { storage: '1Gi' } } } } }, []],
  [
    'no size',
    { storage: {} },
    ['spec.storage.size: "": must be set, unless pvcTemplate.resources.requests.storage is'],
  ],
  ['a bad size', { storage: { size: '10 GB' } }, ['spec.storage.size: "10 GB": must be a quantity such as 10Gi']],
  ['a size of 0', { walStorage: { size: '0' } }, ['spec.walStorage.size: "0": must be a quantity such as 10Gi']],
  [
    'two sizes of the scratch volume',
    { ephemeralVolumeSource: {}, ephemeralVolumesSizeLimit: { temporaryData: '1Gi' } },
    [
      'spec.ephemeralVolumesSizeLimit.temporaryData: "1Gi": cannot go together with ephemeralVolumeSource, which says its own size',
    ],
  ],
  [
    'a bad limit',
    { ephemeralVolumesSizeLimit: { shm: 'x' } },
    ['spec.ephemeralVolumesSizeLimit.shm: "x": must be a quantity such as 1Gi'],
  ],
  ['tablespaces', { tablespaces: [tablespace('hot'), tablespace('_cold')] }, []],
  [
    'tablespaces that look alike',
    { tablespaces: [tablespace('a_b'), tablespace('A$b')] },
    ['spec.tablespaces[1].name: "A$b": is the same as, or too like, a_b'],
  ],
  [
    'a tablespace of PostgreSQL',
    { tablespaces: [tablespace('pg_fast')] },
    ['spec.tablespaces[0].name: "pg_fast": must not begin with pg_'],
  ],
  [
    'a tablespace that is no identifier',
    { tablespaces: [tablespace('1st')] },
    [
      'spec.tablespaces[0].name: "1st": must be an identifier of at most 59 letters, digits, _ and $ that ends with a letter or a digit',
    ],
  ],
  [
    'a tablespace without size',
    { tablespaces: [{ name: 'a', storage: {} }] },
    [expect.stringContaining('spec.tablespaces[0].storage.size')],
  ],
  [
    'a snapshot class of no tablespace',
    { backup: { volumeSnapshot: { tablespaceClassName: { a: 'b' } } } },
    ['spec.backup.volumeSnapshot.tablespaceClassName[a]: "a": must be the name of a tablespace'],
  ],
])('%s', (_name, spec, expected) => {
  expect(errorsOf(validateCluster(aCluster(spec)))).toEqual(expected);
});
