import { expect, test } from '@jest/globals';
import type { ClusterSpec } from '../../generated/cluster.ts';
import { aCluster } from '../../testing/a-cluster.ts';
import { errorsOf } from '../../testing/errors-of.ts';
import { validateCluster } from './validate-cluster.ts';

test.each<[string, Partial<ClusterSpec>, unknown[]]>([
  ['a version', { imageName: 'registry:5000/postgresql:18.1-standard-trixie' }, []],
  ['a beta', { imageName: 'postgresql:19beta1' }, []],
  ['a version and a digest', { imageName: 'postgresql:17@sha256:0a' }, []],
  ['latest', { imageName: 'postgresql:latest' }, [expect.stringContaining('latest is not one')]],
  ['no tag', { imageName: 'registry:5000/postgresql' }, [expect.stringContaining('must have a tag')]],
  [
    'a digest alone',
    { imageName: 'postgresql@sha256:0a' },
    ['spec.imageName: "postgresql@sha256:0a": must have a tag with the PostgreSQL version before the digest'],
  ],
  [
    'a word',
    { imageName: 'postgresql:trixie' },
    ['spec.imageName: "postgresql:trixie": tag trixie does not begin with a PostgreSQL version, such as 18.1'],
  ],
  [
    'too old',
    { imageName: 'postgresql:12.20' },
    ['spec.imageName: "postgresql:12.20": PostgreSQL must be at least 13'],
  ],
  [
    'a catalog and an image',
    { imageName: 'postgresql:18', imageCatalogRef: { kind: 'ImageCatalog', name: 'a', major: 18 } },
    ['spec.imageName: "postgresql:18": cannot go together with imageCatalogRef'],
  ],
])('%s', (_name, spec, expected) => {
  expect(errorsOf(validateCluster(aCluster(spec)))).toEqual(expected);
});
