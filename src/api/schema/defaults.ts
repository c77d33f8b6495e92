import type { Schema } from './schema.ts';

type Value = Record<string, unknown>;

/** A copy of `value` with the default values of its schema filled in, as the API server does for a CustomResourceDefinition. */
export function withDefaults(schema: Schema, value: unknown): unknown {
  if (schema.type === 'object' && isObject(value)) {
    const result: Value = { ...value };
    for (const [name, field] of Object.entries(schema.fields)) {
      const given = result[name] ?? structuredClone(field.default);
      if (given !== undefined) result[name] = withDefaults(field, given);
    }
    return result;
  }
  if (schema.type === 'list' && Array.isArray(value)) return value.map((item) => withDefaults(schema.items, item));
  if (schema.type === 'map' && isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withDefaults(schema.values, item)]));
  }
  return value;
}

const isObject = (value: unknown): value is Value =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether `value` says nothing else than leaving the field out would. */
export function isDefault(schema: Schema, value: unknown): boolean {
  if (value === undefined || value === null || same(value, schema.default)) return true;
  if (schema.type === 'object' && isObject(value)) {
    return Object.entries(schema.fields).every(([name, field]) => isDefault(field, value[name]));
  }
  if (Array.isArray(value)) return value.length === 0;
  if (isObject(value)) return Object.keys(value).length === 0;
  return schema.default === undefined && (value === false || value === '');
}

const same = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);
