import { expect, test } from '@jest/globals';
import type { ClusterSpec } from '../../generated/cluster.ts';
import { aCluster } from '../../testing/a-cluster.ts';
import { errorsOf } from '../../testing/errors-of.ts';
import { validateCluster } from './validate-cluster.ts';

const extensions = (...list: { name: string; [field: string]: unknown }[]): Partial<ClusterSpec> => ({
  postgresql: { extensions: list.map((extension) => ({ image: { reference: 'image:1' }, ...extension })) },
});

test.each<[string, Partial<ClusterSpec>, unknown[]]>([
  [
    'an extension',
    extensions({ name: 'postgis', bin_path: ['bin'], env: [{ name: 'PROJ_DATA', value: '${image_root}/share' }] }),
    [],
  ],
  [
    'two that look alike',
    extensions({ name: 'a_b' }, { name: 'a-b' }),
    ['spec.postgresql.extensions[1].name: "a-b": is the same as, or too like, another one'],
  ],
  [
    'no image',
    { postgresql: { extensions: [{ name: 'a' }] } },
    ['spec.postgresql.extensions[0].image.reference: "": must be set without an image catalog'],
  ],
  [
    'a path out of the image',
    extensions({ name: 'a', ld_library_path: ['lib', '../lib'] }),
    ['spec.postgresql.extensions[0].ld_library_path[1]: "../lib": must be a relative path within the image'],
  ],
  [
    'PATH',
    extensions({ name: 'a', env: [{ name: 'PATH', value: '/bin' }] }),
    ['spec.postgresql.extensions[0].env[0].name: "PATH": cannot be set; use bin_path'],
  ],
  [
    'another reference',
    extensions({ name: 'a', env: [{ name: 'A', value: '${HOME}' }] }),
    ['spec.postgresql.extensions[0].env[0].value: "${HOME}": may refer to ${image_root} only'],
  ],
])('%s', (_name, spec, expected) => {
  expect(errorsOf(validateCluster(aCluster(spec)))).toEqual(expected);
});
