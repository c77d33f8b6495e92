import { required, shown, unsupportedValue, type Cause } from '../model/errors.ts';
import { equal } from '../model/equal.ts';
import type { Loose } from '../model/types.ts';
import { formats } from './formats.ts';
import { childPath, isObject, type Schema } from './schema.ts';

const typeOf = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
};

const bad = (field: string, value: unknown, why: string): Cause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${shown(value)}: ${field} in body ${why}`,
  field,
});

const wrongType = (field: string, value: unknown, wanted: string): Cause => ({
  reason: 'FieldValueTypeInvalid',
  message: `Invalid value: ${shown(typeOf(value))}: ${field} in body must be of type ${wanted}: ${shown(typeOf(value))}`,
  field,
});

function hasType(value: unknown, schema: Schema): boolean {
  if (value === null) return schema.nullable === true;
  const actual = typeOf(value);
  if (schema['x-kubernetes-int-or-string'] || schema.format === 'int-or-string')
    return actual === 'integer' || actual === 'string';
  return schema.type === undefined || schema.type === actual || (schema.type === 'number' && actual === 'integer');
}

function scalar(value: Loose, schema: Schema, field: string): Cause[] {
  const causes: Cause[] = [];
  if (typeof value === 'number') {
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
    if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
      causes.push(bad(field, value, `should be greater than ${exclusiveMinimum ? '' : 'or equal to '}${minimum}`));
    }
    if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
      causes.push(bad(field, value, `should be less than ${exclusiveMaximum ? '' : 'or equal to '}${maximum}`));
    }
    if (multipleOf !== undefined && value % multipleOf !== 0)
      causes.push(bad(field, value, `should be a multiple of ${multipleOf}`));
  }
  if (typeof value === 'string') {
    const { minLength, maxLength, pattern, format } = schema;
    const length = [...value].length;
    if (maxLength !== undefined && length > maxLength) {
      causes.push({ reason: 'FieldValueTooLong', message: `Too long: may not be more than ${maxLength} bytes`, field });
    }
    if (minLength !== undefined && length < minLength)
      causes.push(bad(field, value, `should be at least ${minLength} chars long`));
    if (pattern !== undefined && !new RegExp(pattern).test(value))
      causes.push(bad(field, value, `should match '${pattern}'`));
    const wellFormed = format === undefined ? undefined : formats[format];
    if (wellFormed && !wellFormed(value)) causes.push(bad(field, value, `must be of type ${format}: ${shown(value)}`));
  }
  if (schema.enum && !schema.enum.some((allowed) => equal(allowed, value))) {
    causes.push(unsupportedValue(field, value, schema.enum));
  }
  return causes;
}

/** What makes items of a list the same: the map keys, or the whole item. */
function identity(item: Loose, schema: Schema): string | undefined {
  const kind = schema['x-kubernetes-list-type'];
  if (kind === 'set') return JSON.stringify(item);
  if (kind !== 'map' || !isObject(item)) return undefined;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  return JSON.stringify(
    Object.fromEntries(keys.map((key) => [key, item[key] ?? schema.items?.properties?.[key]?.default])),
  );
}

function array(value: Loose[], schema: Schema, field: string, old: Loose): Cause[] {
  const causes: Cause[] = [];
  if (schema.maxItems !== undefined && value.length > schema.maxItems) {
    const message = `Too many: ${value.length}: must have at most ${schema.maxItems} items`;
    causes.push({ reason: 'FieldValueTooMany', message, field });
  }
  if (schema.minItems !== undefined && value.length < schema.minItems) {
    causes.push(bad(field, value.length, `should have at least ${schema.minItems} items`));
  }
  const seen = new Set<string>();
  const before = new Map<string | undefined, Loose>(
    (Array.isArray(old) ? old : []).map((item: Loose) => [identity(item, schema), item]),
  );
  value.forEach((item, index) => {
    const id = identity(item, schema);
    if (id !== undefined && seen.has(id)) {
      causes.push({ reason: 'FieldValueDuplicate', message: `Duplicate value: ${id}`, field: `${field}[${index}]` });
    }
    if (id !== undefined) seen.add(id);
    const earlier = id === undefined ? (Array.isArray(old) ? old[index] : undefined) : before.get(id);
    if (schema.items) causes.push(...validateValue(item, schema.items, `${field}[${index}]`, earlier));
  });
  return causes;
}

function object(value: Record<string, Loose>, schema: Schema, field: string, old: Loose): Cause[] {
  const causes: Cause[] = [];
  const size = Object.keys(value).length;
  if (schema.maxProperties !== undefined && size > schema.maxProperties) {
    causes.push({
      reason: 'FieldValueTooMany',
      message: `Too many: ${size}: must have at most ${schema.maxProperties} items`,
      field,
    });
  }
  if (schema.minProperties !== undefined && size < schema.minProperties) {
    causes.push(bad(field, size, `should have at least ${schema.minProperties} properties`));
  }
  for (const key of schema.required ?? []) if (value[key] === undefined) causes.push(required(childPath(field, key)));
  for (const [key, child] of Object.entries(value)) {
    if (child === undefined || (field === '' && ['apiVersion', 'kind', 'metadata'].includes(key))) continue;
    const property = schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    const earlier = isObject(old) ? old[key] : undefined;
    if (property) causes.push(...validateValue(child, property, childPath(field, key), earlier));
    else if (typeof schema.additionalProperties === 'object') {
      const at = schema.properties ? childPath(field, key) : `${field}.${key}`;
      causes.push(...validateValue(child, schema.additionalProperties, at, earlier));
    }
  }
  return causes;
}

function combined(value: Loose, schema: Schema, field: string): Cause[] {
  const causes: Cause[] = [];
  const valid = (branch: Schema): boolean => validateValue(value, branch, field, undefined).length === 0;
  const fail = (why: string): number =>
    causes.push({ reason: 'FieldValueInvalid', message: `Invalid value: "": "${field}" ${why}`, field });
  for (const branch of schema.allOf ?? []) causes.push(...validateValue(value, branch, field, undefined));
  if (schema.anyOf && !schema.anyOf.some(valid)) fail('must validate at least one schema (anyOf)');
  if (schema.oneOf) {
    const count = schema.oneOf.filter(valid).length;
    if (count !== 1)
      fail(
        `must validate one and only one schema (oneOf). Found ${count === 0 ? 'none valid' : `${count} valid alternatives`}`,
      );
  }
  if (schema.not && valid(schema.not)) fail('must not validate the schema (not)');
  return causes;
}

/** Everything wrong with a value. What `old` already had at the same place is let pass, as Kubernetes does since 1.33. */
export function validateValue(value: Loose, schema: Schema, field: string, old: Loose): Cause[] {
  if (old !== undefined && equal(value, old)) return [];
  if (!hasType(value, schema)) return [wrongType(field, value, schema.type ?? 'integer,string')];
  if (value === null) return [];
  const causes = scalar(value, schema, field);
  if (Array.isArray(value)) causes.push(...array(value, schema, field, old));
  else if (isObject(value)) causes.push(...object(value, schema, field, old));
  if (schema.allOf ?? schema.anyOf ?? schema.oneOf ?? schema.not) causes.push(...combined(value, schema, field));
  return causes;
}
