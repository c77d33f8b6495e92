import type { Loose } from '../model/types.ts';
import { childPath, isObject, type Schema } from './schema.ts';

export interface Pruned {
  readonly value: Loose;
  /** Paths of the fields that the schema does not know, as the client wrote them. */
  readonly unknown: string[];
}

interface Walk {
  readonly objectMeta: Schema;
  /** Built-in kinds: null means absent. */
  readonly dropNulls: boolean;
  readonly unknown: string[];
}

const embeddedFields = new Set(['apiVersion', 'kind', 'metadata']);

/** Free values: nothing is known, so nothing is unknown. */
const isFree = (schema: Schema): boolean =>
  schema['x-kubernetes-preserve-unknown-fields'] === true &&
  schema.properties === undefined &&
  typeof schema.additionalProperties !== 'object';

function pruneObject(value: Record<string, Loose>, schema: Schema, path: string, walk: Walk): Loose {
  const open =
    schema['x-kubernetes-preserve-unknown-fields'] === true ||
    schema.additionalProperties === true ||
    (!schema.properties && !schema.additionalProperties && schema.type !== 'object') ||
    (!schema.properties && !schema.additionalProperties && walk.dropNulls);
  const embedded = schema['x-kubernetes-embedded-resource'] === true || path === '';
  const result: Record<string, Loose> = {};
  for (const [key, child] of Object.entries(value)) {
    if (walk.dropNulls && child === null) continue;
    const at = childPath(path, key);
    const property = schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    if (embedded && embeddedFields.has(key)) {
      result[key] = key === 'metadata' ? pruneValue(child, walk.objectMeta, at, { ...walk, dropNulls: true }) : child;
    } else if (property) {
      result[key] = pruneValue(child, property, at, walk);
    } else if (typeof schema.additionalProperties === 'object') {
      result[key] = pruneValue(child, schema.additionalProperties, at, walk);
    } else if (open) {
      result[key] = child;
    } else {
      walk.unknown.push(at);
    }
  }
  return result;
}

function pruneValue(value: Loose, schema: Schema, path: string, walk: Walk): Loose {
  if (isFree(schema) && schema['x-kubernetes-embedded-resource'] !== true) return value;
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.map((item, index) => pruneValue(item, items, `${path}[${index}]`, walk)) : value;
  }
  return isObject(value) ? pruneObject(value, schema, path, walk) : value;
}

/** A copy of the object without what its schema does not know. */
export function prune(object: Loose, schema: Schema, objectMeta: Schema, dropNulls: boolean): Pruned {
  const walk: Walk = { objectMeta, dropNulls, unknown: [] };
  return { value: pruneValue(object, schema, '', walk), unknown: walk.unknown };
}
