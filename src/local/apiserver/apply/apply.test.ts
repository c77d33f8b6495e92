import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { equal } from '../model/equal.ts';
import type { Schema } from '../schema/schema.ts';
import { Requests } from '../testing/request.ts';
import { startApiServer, type TestServer } from '../testing/server.ts';
import type { Loose } from '../model/types.ts';
import { difference, equalSets, fromFieldsV1, intersection, isEmpty, toFieldsV1, union } from './field-set.ts';
import { merge, without } from './merge.ts';
import { compare, fieldsOf } from './ownership.ts';

const schema: Schema = {
  type: 'object',
  properties: {
    scalar: { type: 'integer' },
    atomic: { type: 'array', items: { type: 'integer' } },
    set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
    map: { type: 'object', additionalProperties: { type: 'string' } },
    list: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: { type: 'object', properties: { name: { type: 'string' }, value: { type: 'integer' } } },
    },
  },
};
const letter = fc.constantFrom('a', 'b', 'c', 'd');
const small = fc.integer({ min: 0, max: 3 });
const value: fc.Arbitrary<Loose> = fc.record(
  {
    scalar: small,
    atomic: fc.array(small, { minLength: 1, maxLength: 3 }),
    set: fc.uniqueArray(letter, { minLength: 1 }),
    map: fc.dictionary(letter, letter, { minKeys: 1 }),
    list: fc.uniqueArray(fc.record({ name: letter, value: small }, { requiredKeys: ['name'] }), {
      minLength: 1,
      selector: (item) => item.name,
    }),
  },
  { requiredKeys: [] },
);

test('sets survive FieldsV1 and obey the laws of sets', () => {
  fc.assert(
    fc.property(value, value, (a, b) => {
      const [x, y] = [fieldsOf(a, schema), fieldsOf(b, schema)];
      expect(equalSets(fromFieldsV1(toFieldsV1(x)), x)).toBe(true);
      expect(isEmpty(intersection(difference(x, y), y))).toBe(true);
      expect(equalSets(union(difference(x, y), intersection(x, y)), x)).toBe(true);
    }),
  );
});

test('what is applied is in the result, what others had stays, and applying again changes nothing', () => {
  fc.assert(
    fc.property(value, value, (live, config) => {
      const once = merge(live, config, schema);
      expect(isEmpty(difference(fieldsOf(config, schema), fieldsOf(once, schema)))).toBe(true);
      expect(isEmpty(difference(fieldsOf(live, schema), fieldsOf(once, schema)))).toBe(true);
      expect(equal(merge(once, config, schema), once)).toBe(true);
      expect(isEmpty(intersection(compare(live, once, schema).removed, fieldsOf(live, schema)))).toBe(true);
    }),
  );
});

test('what one applier drops goes, and what another holds stays', () => {
  fc.assert(
    fc.property(value, value, (mine, theirs) => {
      const both = merge(theirs, mine, schema);
      const gone = difference(fieldsOf(mine, schema), fieldsOf(theirs, schema));
      const left = without(both, gone, schema) ?? {};
      expect(isEmpty(intersection(fieldsOf(left, schema), gone))).toBe(true);
      expect(isEmpty(difference(fieldsOf(theirs, schema), fieldsOf(left, schema)))).toBe(true);
    }),
  );
});

test('a comparison names what came and what went, and nothing between equal values', () => {
  fc.assert(
    fc.property(value, value, (a, b) => {
      const { changed, removed } = compare(a, b, schema);
      const [left, right] = [fieldsOf(a, schema), fieldsOf(b, schema)];
      expect(isEmpty(difference(difference(right, left), changed))).toBe(true);
      expect(isEmpty(difference(difference(left, right), removed))).toBe(true);
      const { changed: none, removed: neither } = compare(a, structuredClone(a), schema);
      expect(isEmpty(none) && isEmpty(neither)).toBe(true);
    }),
  );
});

let server: TestServer;
let api: Requests;
const services = '/api/v1/namespaces/default/services';
const configMaps = '/api/v1/namespaces/default/configmaps';

beforeAll(async () => {
  server = await startApiServer();
  api = new Requests(server.adminConnection);
});
afterAll(async () => {
  api.close();
  await server.close();
});

const aMap = (data: Loose, metadata: Loose = {}): Loose => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data });

test('two managers own their fields; who wants the other’s is refused or takes it over', async () => {
  const at = `${configMaps}/shared`;
  expect((await api.apply(at, aMap({ a: '1', b: '1' }), 'one')).code).toBe(201);
  expect((await api.apply(at, aMap({ c: '1' }), 'two')).body.data).toEqual({ a: '1', b: '1', c: '1' });
  const refused = await api.apply(at, aMap({ a: '2', c: '1' }), 'two');
  expect(refused.body).toMatchObject({
    code: 409,
    reason: 'Conflict',
    message: 'Apply failed with 1 conflict: conflict with "one": .data.a',
    details: { causes: [{ reason: 'FieldManagerConflict', field: '.data.a', message: 'conflict with "one"' }] },
  });
  expect((await api.apply(at, aMap({ a: '2', c: '1' }), 'two', true)).body.data).toEqual({ a: '2', b: '1', c: '1' });
  // `one` no longer applies b, and lost a.
  expect((await api.apply(at, aMap({}), 'one')).body.data).toEqual({ a: '2', c: '1' });
});

test('applying the same again writes nothing', async () => {
  const at = `${configMaps}/same`;
  const { body: first } = await api.apply(at, aMap({ a: '1' }, { labels: { x: 'y' } }), 'one');
  const { body: second } = await api.apply(at, aMap({ a: '1' }, { labels: { x: 'y' } }), 'one');
  expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
});

test('lists are merged by the keys that the built-in schema names', async () => {
  const at = `${services}/ports`;
  const service = (ports: Loose[]): Loose => ({ apiVersion: 'v1', kind: 'Service', spec: { ports } });
  await api.apply(
    at,
    service([
      { name: 'a', port: 1 },
      { name: 'b', port: 2 },
    ]),
    'one',
  );
  const both = await api.apply(at, service([{ name: 'c', port: 3 }]), 'two');
  expect(both.body.spec.ports.map((port: Loose) => port.name)).toEqual(['a', 'b', 'c']);
  const fewer = await api.apply(at, service([{ name: 'b', port: 2 }]), 'one');
  expect(fewer.body.spec.ports.map((port: Loose) => port.name)).toEqual(['b', 'c']);
});

test('an update by other means takes the field from its applier', async () => {
  const at = `${configMaps}/taken`;
  await api.apply(at, aMap({ a: '1' }), 'one');
  await api.merge(`${at}?fieldManager=hand`, { data: { a: '2' } });
  const { body } = await api.apply(at, aMap({ a: '1' }), 'one');
  expect(body.message).toBe('Apply failed with 1 conflict: conflict with "hand" using v1: .data.a');
});

test('status is applied apart from the spec', async () => {
  const at = '/apis/apps/v1/namespaces/default/deployments/s';
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'a', image: 'a' }] } };
  const base = { apiVersion: 'apps/v1', kind: 'Deployment' };
  await api.apply(at, { ...base, spec: { selector: { matchLabels: { a: 'b' } }, template } }, 'one');
  const { body } = await api.apply(
    `${at}/status`,
    { ...base, spec: { replicas: 7 }, status: { readyReplicas: 1 } },
    'two',
  );
  expect(body).toMatchObject({ spec: { replicas: 1 }, status: { readyReplicas: 1 } });
  expect(body.metadata.managedFields.find((entry: Loose) => entry.manager === 'two')).toMatchObject({
    subresource: 'status',
    operation: 'Apply',
    fieldsV1: { 'f:status': { 'f:readyReplicas': {} } },
  });
});
