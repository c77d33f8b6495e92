import { isObject, type Schema } from '../schema/schema.ts';
import type { Loose } from '../model/types.ts';

/** Names that CEL keeps for itself; a field of such a name is written with underscores. */
const reserved = new Set([
  'true',
  'false',
  'null',
  'in',
  'as',
  'break',
  'const',
  'continue',
  'else',
  'for',
  'function',
  'if',
  'import',
  'let',
  'loop',
  'package',
  'namespace',
  'return',
  'var',
  'void',
  'while',
]);

function escaped(name: string): string {
  if (reserved.has(name)) return `__${name}__`;
  return name.replace(
    /__|\.|-|\//g,
    (part) => ({ __: '__underscores__', '.': '__dot__', '-': '__dash__' })[part] ?? '__slash__',
  );
}

function scalar(value: Loose, schema: Schema): Loose {
  if (typeof value === 'number') {
    return Number.isInteger(value) && schema.type !== 'number' ? BigInt(value) : value;
  }
  if (
    typeof value === 'string' &&
    (schema.format === 'date-time' || schema.format === 'datetime') &&
    !Number.isNaN(Date.parse(value))
  ) {
    return new Date(value);
  }
  return value;
}

const identity = (metadata: Loose): Loose => {
  const { name, generateName } = metadata ?? {};
  return { ...(name !== undefined && { name }), ...(generateName !== undefined && { generateName }) };
};

/** A value as rules see it: integers as CEL integers, fields by their escaped names, only what the schema knows. */
export function celValue(value: Loose, schema: Schema | undefined, root = false): Loose {
  if (value === undefined || value === null || !schema) return value;
  if (Array.isArray(value)) return value.map((item) => celValue(item, schema.items));
  if (!isObject(value)) return scalar(value, schema);
  const result: Record<string, Loose> = {};
  for (const [key, child] of Object.entries(value)) {
    const property = schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    const embedded = root || schema['x-kubernetes-embedded-resource'] === true;
    if (embedded && key === 'metadata') result[key] = identity(child);
    else if (embedded && (key === 'apiVersion' || key === 'kind')) result[key] = child;
    else if (property && child !== undefined) result[escaped(key)] = celValue(child, property);
    else if (typeof schema.additionalProperties === 'object')
      result[key] = celValue(child, schema.additionalProperties);
    else if (schema['x-kubernetes-preserve-unknown-fields'] && child !== undefined) result[key] = child;
  }
  return result;
}
