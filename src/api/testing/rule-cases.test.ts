import { expect, test } from '@jest/globals';
import { kinds } from '../kinds.ts';
import type { Schema } from '../schema/schema.ts';
import { ruleCases } from './rule-cases.ts';

/** The messages of every rule at and below a schema. */
function messages(schema: Schema): string[] {
  const own = (schema.rules ?? []).map(({ message }) => message);
  if (schema.type === 'object') return [...own, ...Object.values(schema.fields).flatMap(messages)];
  if (schema.type === 'list') return [...own, ...messages(schema.items)];
  return schema.type === 'map' ? [...own, ...messages(schema.values)] : own;
}

test('every CEL rule has a case, and every case a rule', () => {
  const rules = kinds.flatMap((kind) =>
    kind.spec ? messages(kind.spec).map((message) => `${kind.kind}: ${message}`) : [],
  );
  const cases = ruleCases.map(({ kind, message }) => `${kind}: ${message}`);
  expect([...new Set(cases)].sort()).toEqual([...new Set(rules)].sort());
});
