import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { kinds } from './kinds.ts';
import { aBareCluster } from './testing/a-cluster.ts';
import { defaultObject, validateObject } from './validate-object.ts';

const metadata = { name: 'example', namespace: 'default' };
const object = (kind: string, spec: unknown) => ({ kind, metadata, ...{ spec } });

test.each(kinds.map(({ kind }) => [kind]))('defaulting a %s of any content throws nothing and is done once', (kind) => {
  const content = fc.oneof(
    fc.jsonValue(),
    fc.dictionary(
      fc.constantFrom('bootstrap', 'postgresql', 'probes', 'tablespaces', 'method', 'affinity'),
      fc.jsonValue(),
    ),
  );
  fc.assert(
    fc.property(content, (spec) => {
      const once = defaultObject(object(kind, spec));
      expect(defaultObject(once)).toEqual(once);
    }),
  );
});

test.each([
  ['text for parameters', { postgresql: { parameters: 'on' } }],
  ['a list for bootstrap', { bootstrap: [] }],
  ['null for tablespaces', { tablespaces: [null] }],
])('%s stays as it is, for the API server to refuse', (_name, spec) => {
  const given = { ...aBareCluster(), spec: { ...aBareCluster().spec, ...spec } };
  expect(defaultObject(given as never)).toEqual(given);
});

test('kinds without rules of their own are refused as far as nothing honours them', () => {
  const result = validateObject(object('Publication', { name: 'all' }));
  expect(result.errors).toEqual([
    { field: 'spec', value: undefined, message: 'not supported by this version of Howdah' },
  ]);
});

test('a kind without a spec has nothing to refuse', () => {
  expect(validateObject({ kind: 'FailoverQuorum', metadata })).toEqual({ errors: [], warnings: [] });
});
