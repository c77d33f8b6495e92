import { expect, test } from '@jest/globals';
import kubernetes from '../generated/kubernetes.json' with { type: 'json' };
import {
  choice,
  flag,
  integer,
  kubernetes as embedded,
  list,
  map,
  object,
  quantity,
  required,
  text,
} from './schema.ts';
import { toStructural } from './structural.ts';

const convert = (schema: Parameters<typeof toStructural>[0]): unknown => toStructural(schema, kubernetes.types);

test.each([
  ['a text', text('A.', { pattern: '^a$' }), { description: 'A.', type: 'string', pattern: '^a$' }],
  [
    'a choice',
    choice(['a', 'b'], 'A.', { default: 'a' }),
    { description: 'A.', default: 'a', type: 'string', enum: ['a', 'b'] },
  ],
  ['a deprecated flag', flag('A.', { deprecated: true }), { description: 'Deprecated. A.', type: 'boolean' }],
  ['a number', integer('', { minimum: 0, format: 'int32' }), { type: 'integer', minimum: 0, format: 'int32' }],
  ['a map', map(text(''), ''), { type: 'object', additionalProperties: { type: 'string' } }],
  [
    'a rule',
    flag('', { rules: [{ rule: 'self', message: 'm' }] }),
    { type: 'boolean', 'x-kubernetes-validations': [{ rule: 'self', message: 'm' }] },
  ],
])('%s', (_name, schema, expected) => {
  expect(convert(schema)).toEqual(expected);
});

test('a quantity may be a number or text', () => {
  expect(convert(quantity(''))).toMatchObject({ 'x-kubernetes-int-or-string': true });
});

test('a list of objects is a map by its keys, and an object names its required fields', () => {
  const item = object('Item', '', { name: required(text('')), size: integer('') });
  expect(convert(list(item, '', { keys: ['name'] }))).toEqual({
    type: 'array',
    items: {
      type: 'object',
      required: ['name'],
      properties: { name: { type: 'string' }, size: { type: 'integer' } },
    },
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
  });
});

test('a Kubernetes type comes from the copy of the API server', () => {
  expect(convert(embedded('V1Toleration', 'A taint.'))).toMatchObject({
    description: 'A taint.',
    type: 'object',
    properties: { tolerationSeconds: { type: 'integer', format: 'int64' } },
  });
});
