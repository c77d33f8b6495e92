import { expect, test } from '@jest/globals';
import type { ClusterSpec } from '../../generated/cluster.ts';
import { aCluster } from '../../testing/a-cluster.ts';
import { errorsOf } from '../../testing/errors-of.ts';
import { validateCluster } from './validate-cluster.ts';

const buffers = (shared_buffers: string, memory: string): Partial<ClusterSpec> => ({
  postgresql: { parameters: { shared_buffers } },
  resources: { requests: { memory } },
});

test.each<[string, Partial<ClusterSpec>, unknown[]]>([
  [
    'request and limit',
    { resources: { requests: { cpu: '500m', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } } },
    [],
  ],
  [
    'a bad quantity',
    { resources: { requests: { cpu: 'much' } } },
    ['spec.resources.requests[cpu]: "much": must be a quantity such as 500m or 1Gi'],
  ],
  [
    'a request above the limit',
    { resources: { requests: { memory: '2Gi' }, limits: { memory: '1Gi' } } },
    ['spec.resources.requests[memory]: "2Gi": must not be more than the limit, 1Gi'],
  ],
  [
    'huge pages',
    { resources: { requests: { memory: '1Gi', 'hugepages-2Mi': '1Gi' }, limits: { 'hugepages-2Mi': '1Gi' } } },
    [],
  ],
  [
    'huge pages that differ',
    { resources: { requests: { memory: '1Gi', 'hugepages-2Mi': '1Gi' }, limits: { 'hugepages-2Mi': '2Gi' } } },
    ['spec.resources.requests[hugepages-2Mi]: "1Gi": must be equal to the limit'],
  ],
  [
    'huge pages alone',
    { resources: { limits: { 'hugepages-2Mi': '1Gi' } } },
    ['spec.resources: ["hugepages-2Mi"]: huge pages need cpu or memory too'],
  ],
  ['buffers that fit', buffers('256MB', '1Gi'), []],
  ['buffers in pages', buffers('16384', '1Gi'), []],
  [
    'buffers that do not fit',
    buffers('2GB', '1Gi'),
    ['spec.postgresql.parameters[shared_buffers]: "2GB": must not be more than the memory request, 1Gi'],
  ],
  [
    'buffers in words',
    buffers('some', '1Gi'),
    [
      'spec.postgresql.parameters[shared_buffers]: "some": must be a number of 8 kB pages, or a size in B, kB, MB, GB or TB',
    ],
  ],
  [
    'buffers in huge pages',
    { ...buffers('2GB', '1Gi'), resources: { requests: { memory: '1Gi' }, limits: { 'hugepages-1Gi': '4Gi' } } },
    [],
  ],
])('%s', (_name, spec, expected) => {
  expect(errorsOf(validateCluster(aCluster(spec)))).toEqual(expected);
});
