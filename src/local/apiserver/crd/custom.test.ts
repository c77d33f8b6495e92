import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Requests } from '../testing/request.ts';
import { startApiServer, type TestServer } from '../testing/server.ts';
import type { Loose } from '../model/types.ts';

let server: TestServer;
let api: Requests;
const path = '/apis/example.com/v1/namespaces/default/boats';

const spec: Loose = {
  type: 'object',
  required: ['name'],
  'x-kubernetes-validations': [{ rule: 'self.oars <= self.seats * 2', message: 'too many oars' }],
  properties: {
    name: {
      type: 'string',
      pattern: '^[a-z]+$',
      maxLength: 8,
      'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'name is immutable' }],
    },
    oars: { type: 'integer', minimum: 0, maximum: 16, default: 2 },
    seats: { type: 'integer', default: 4 },
    hull: { type: 'string', enum: ['wood', 'steel'] },
    length: { 'x-kubernetes-int-or-string': true },
    cargo: {
      type: 'string',
      'x-kubernetes-validations': [
        {
          rule: "isQuantity(self) && quantity(self).isLessThan(quantity('1Ki'))",
          messageExpression: "'too much: ' + self",
        },
      ],
    },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    crew: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: {
        type: 'object',
        required: ['name'],
        properties: { name: { type: 'string' }, rank: { type: 'string', default: 'sailor' }, age: { type: 'integer' } },
        'x-kubernetes-validations': [{ rule: 'self.age >= oldSelf.age', message: 'nobody grows younger' }],
      },
    },
  },
};

beforeAll(async () => {
  server = await startApiServer();
  api = new Requests(server.adminConnection);
  const made = await api.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'boats.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'boats', kind: 'Boat' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { spec, status: { type: 'object', properties: { afloat: { type: 'boolean' } } } },
            },
          },
          additionalPrinterColumns: [
            { name: 'Oars', type: 'integer', jsonPath: '.spec.oars' },
            { name: 'First', type: 'string', jsonPath: '.spec.crew[0].name', priority: 1 },
            { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          ],
        },
      ],
    },
  });
  expect(made.body.status.conditions).toEqual(
    expect.arrayContaining([expect.objectContaining({ type: 'Established', status: 'True' })]),
  );
});
afterAll(async () => {
  api.close();
  await server.close();
});

let count = 0;
const boat = (fields: Loose = {}): Loose => ({
  apiVersion: 'example.com/v1',
  kind: 'Boat',
  metadata: { name: `b${++count}` },
  spec: { name: 'ann', ...fields },
});

test('defaults are filled in, unknown fields dropped, free fields kept', async () => {
  const { body } = await api.post(
    path,
    boat({ unknown: 1, free: { any: { thing: 1 } }, crew: [{ name: 'bo', x: 1 }] }),
  );
  expect(body.spec).toEqual({
    name: 'ann',
    oars: 2,
    seats: 4,
    free: { any: { thing: 1 } },
    crew: [{ name: 'bo', rank: 'sailor' }],
  });
});

const refused: [why: string, fields: Loose, field: string, message: string][] = [
  ['a required field', { name: undefined }, 'spec.name', 'Required value'],
  [
    'a type',
    { oars: 'two' },
    'spec.oars',
    'Invalid value: "string": spec.oars in body must be of type integer: "string"',
  ],
  ['a minimum', { oars: -1 }, 'spec.oars', 'Invalid value: -1: spec.oars in body should be greater than or equal to 0'],
  ['a pattern', { name: 'Ann' }, 'spec.name', `Invalid value: "Ann": spec.name in body should match '^[a-z]+$'`],
  ['a length', { name: 'annabella' }, 'spec.name', 'Too long: may not be more than 8 bytes'],
  ['an enumeration', { hull: 'ice' }, 'spec.hull', 'Unsupported value: "ice": supported values: "wood", "steel"'],
  [
    'an int-or-string',
    { length: true },
    'spec.length',
    'Invalid value: "boolean": spec.length in body must be of type integer,string: "boolean"',
  ],
  ['keys of a list', { crew: [{ name: 'a' }, { name: 'a' }] }, 'spec.crew[1]', 'Duplicate value: {"name":"a"}'],
  ['a rule', { oars: 10 }, 'spec', 'Invalid value: too many oars'],
  [
    'a rule with a message made by an expression',
    { cargo: '1Mi' },
    'spec.cargo',
    'Invalid value: "1Mi": too much: 1Mi',
  ],
];
test.each(refused)('%s is enforced', async (_why, fields, field, message) => {
  const { body } = await api.post(path, boat(fields));
  expect(body).toMatchObject({ code: 422, reason: 'Invalid', details: { group: 'example.com', kind: 'Boat' } });
  expect(body.details.causes).toEqual(expect.arrayContaining([expect.objectContaining({ field, message })]));
  expect(body.message).toContain(`${field}: ${message}`);
});

test('transition rules compare with what was, list items by their keys', async () => {
  const { body: made } = await api.post(
    path,
    boat({
      crew: [
        { name: 'bo', age: 40 },
        { name: 'cy', age: 20 },
      ],
    }),
  );
  const at = `${path}/${made.metadata.name}`;
  expect((await api.merge(at, { spec: { name: 'bob' } })).body.message).toContain('name is immutable');
  const swapped = await api.merge(at, {
    spec: {
      crew: [
        { name: 'cy', age: 21 },
        { name: 'bo', age: 40 },
      ],
    },
  });
  expect(swapped.code).toBe(200);
  const younger = await api.merge(at, {
    spec: {
      crew: [
        { name: 'cy', age: 20 },
        { name: 'bo', age: 40 },
      ],
    },
  });
  expect(younger.body.message).toContain('spec.crew[0]: Invalid value: nobody grows younger');
});

test('a wrong value that was there before is let pass while it does not change', async () => {
  const { body: made } = await api.post(path, boat({ hull: 'wood' }));
  const crd = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/boats.example.com';
  const swap = (values: string[]): Promise<Loose> =>
    api.send(
      'PATCH',
      crd,
      [
        {
          op: 'replace',
          path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/hull/enum',
          value: values,
        },
      ],
      {
        contentType: 'application/json-patch+json',
      },
    );
  expect((await swap(['steel'])).code).toBe(200);
  const at = `${path}/${made.metadata.name}`;
  expect((await api.merge(at, { spec: { oars: 3 } })).code).toBe(200);
  expect((await api.merge(at, { spec: { hull: 'ice' } })).code).toBe(422);
  await swap(['wood', 'steel']);
});

test('tables show the printer columns', async () => {
  const { body } = await api.get(path, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' });
  expect(body.kind).toBe('Table');
  expect(body.columnDefinitions.map((column: Loose) => [column.name, column.priority])).toEqual([
    ['Name', 0],
    ['Oars', 0],
    ['First', 1],
    ['Age', 0],
  ]);
  expect(body.rows[0].cells).toEqual(['b1', 2, 'bo', expect.stringMatching(/^\d+s$/)]);
});

test('a definition takes its objects along', async () => {
  await api.delete('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/boats.example.com');
  expect((await api.get(path)).code).toBe(404);
  expect(server.running.services.store.list('example.com/boats')).toEqual([]);
});
