import { expect, test } from '@jest/globals';
import { loadBuiltinSchemas } from '../schema/builtin.ts';
import { strategicMerge } from './strategic.ts';
import { mergePatch } from './json.ts';
import type { Loose } from '../model/types.ts';

const pod = loadBuiltinSchemas().forKind('', 'v1', 'Pod');
const live: Loose = {
  metadata: { labels: { a: '1' }, finalizers: ['x', 'y'] },
  spec: {
    containers: [
      { name: 'a', image: '1', env: [{ name: 'E', value: '1' }], args: ['-v'] },
      { name: 'b', image: '1' },
    ],
    volumes: [{ name: 'v', emptyDir: {} }],
    tolerations: [{ key: 'k' }],
  },
};

const rows: [what: string, patch: Loose, expected: Loose][] = [
  [
    'items are merged by name, other items stay',
    { spec: { containers: [{ name: 'a', image: '2' }] } },
    { spec: { containers: [{ ...live.spec.containers[0], image: '2' }, live.spec.containers[1]] } },
  ],
  [
    'new items are added',
    { spec: { volumes: [{ name: 'w' }] } },
    { spec: { volumes: [{ name: 'v', emptyDir: {} }, { name: 'w' }] } },
  ],
  [
    'items are deleted',
    { spec: { containers: [{ name: 'b', $patch: 'delete' }] } },
    { spec: { containers: [live.spec.containers[0]] } },
  ],
  [
    'lists are replaced',
    { spec: { containers: [{ $patch: 'replace' }, { name: 'c' }] } },
    { spec: { containers: [{ name: 'c' }] } },
  ],
  ['atomic lists are replaced', { spec: { tolerations: [{ key: 'z' }] } }, { spec: { tolerations: [{ key: 'z' }] } }],
  ['sets of words grow', { metadata: { finalizers: ['z'] } }, { metadata: { finalizers: ['x', 'y', 'z'] } }],
  ['and shrink', { metadata: { '$deleteFromPrimitiveList/finalizers': ['x'] } }, { metadata: { finalizers: ['y'] } }],
  [
    'order is kept as asked',
    { spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] } },
    { spec: { containers: [live.spec.containers[1], live.spec.containers[0]] } },
  ],
  [
    'deeper lists too',
    { spec: { containers: [{ name: 'a', env: [{ name: 'F', value: '2' }] }] } },
    {
      spec: {
        containers: [
          {
            ...live.spec.containers[0],
            env: [
              { name: 'E', value: '1' },
              { name: 'F', value: '2' },
            ],
          },
          live.spec.containers[1],
        ],
      },
    },
  ],
];
test.each(rows)('strategic merge: %s', (_what, patch, expected) => {
  expect(strategicMerge(live, patch, pod)).toMatchObject(expected);
});

test('strategic merge: null deletes', () => {
  expect(strategicMerge(live, { metadata: { labels: null } }, pod).metadata).toEqual({ finalizers: ['x', 'y'] });
});

test('merge patch replaces lists and deletes with null', () => {
  expect(mergePatch({ a: [1], b: { c: 1, d: 1 } }, { a: [2], b: { c: null }, e: { f: null } })).toEqual({
    a: [2],
    b: { d: 1 },
    e: {},
  });
});
