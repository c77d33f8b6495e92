import { badRequest } from '../model/errors.ts';
import type { Resource } from './resource.ts';
import type { Loose, Obj } from '../model/types.ts';
import { childPath, childSchema, isObject, type Schema } from '../schema/schema.ts';

const isQuantity = (schema: Schema): boolean => schema.oneOf?.length === 2 && schema.type === undefined;

const goType: Readonly<Record<string, string>> = {
  integer: 'int32',
  boolean: 'bool',
  string: 'string',
  number: 'float64',
};

/** Turns numbers into quantities; a value of the wrong type is what Go's decoder would refuse. */
function convert(
  value: Loose,
  schema: Schema | undefined,
  field: string,
  fail: (field: string, value: Loose, type: string) => never,
): Loose {
  if (schema === undefined || value === null || value === undefined) return value;
  if (isQuantity(schema)) {
    if (typeof value === 'number') return String(value);
    return typeof value === 'string' ? value : fail(field, value, 'resource.Quantity');
  }
  if (schema.format === 'int-or-string') return value;
  if (Array.isArray(value)) {
    if (schema.type !== undefined && schema.type !== 'array') fail(field, value, goType[schema.type] ?? 'object');
    return value.map((item) => convert(item, schema.items, field, fail));
  }
  if (isObject(value)) {
    if (schema.type !== undefined && schema.type !== 'object') fail(field, value, goType[schema.type] ?? 'array');
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => [
        key,
        convert(child, childSchema(schema, key), childPath(field, key), fail),
      ]),
    );
  }
  const wanted = schema.type;
  if (wanted === undefined) return value;
  const actual = typeof value;
  const fits =
    wanted === actual ||
    (wanted === 'integer' && Number.isInteger(value)) ||
    (wanted === 'number' && actual === 'number');
  return fits ? value : fail(field, value, goType[wanted] ?? wanted);
}

/** A built-in object with the types of its fields checked. */
export function decodeBuiltin(resource: Resource, object: Obj): Obj {
  const fail = (field: string, value: Loose, type: string): never => {
    const found = Array.isArray(value)
      ? 'array'
      : isObject(value)
        ? 'object'
        : typeof value === 'boolean'
          ? 'bool'
          : typeof value;
    const { kind, version } = resource;
    throw badRequest(
      `${kind} in version "${version}" cannot be handled as a ${kind}: json: cannot unmarshal ${found} into Go struct field ${kind}.${field} of type ${type}`,
    );
  };
  return convert(object, resource.schema, '', fail) as Obj;
}

/**
 * A built-in schema as the server checks it: empty strings are what Go writes for absent ones, null lists are empty lists
 * (so no list is required), and a status is taken as its controller writes it.
 */
export function builtinSchema(schema: Schema, seen = new Map<Schema, Schema>()): Schema {
  const known = seen.get(schema);
  if (known) return known;
  const copy: Record<string, Loose> = { ...schema };
  seen.set(schema, copy as Schema);
  if (schema.enum) copy['enum'] = [...schema.enum, ''];
  if (schema.format === 'byte' || schema.format === 'date-time') delete copy['format'];
  if (isQuantity(schema)) delete copy['oneOf'];
  if (schema.items) copy['items'] = builtinSchema(schema.items, seen);
  if (typeof schema.additionalProperties === 'object')
    copy['additionalProperties'] = builtinSchema(schema.additionalProperties, seen);
  if (schema.required) copy['required'] = schema.required.filter((name) => schema.properties?.[name]?.type !== 'array');
  if (schema.properties) {
    copy['properties'] = Object.fromEntries(
      Object.entries(schema.properties).map(([key, child]) => [key, builtinSchema(child, seen)]),
    );
  }
  return copy as Schema;
}
