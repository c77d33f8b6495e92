import type { EmbeddedType } from '../kubernetes/embedded.ts';
import { quantitySchema } from '../kubernetes/quantity.ts';
import type { ObjectSchema, Schema } from './schema.ts';

/** A node of a structural schema (apiextensions.k8s.io/v1 JSONSchemaProps). */
export type Structural = Record<string, unknown>;

/** The structural schemas of the embedded Kubernetes types (src/api/generated/kubernetes.json). */
export type KubernetesTypes = Readonly<Record<EmbeddedType, Structural>>;

export function toStructural(schema: Schema, types: KubernetesTypes): Structural {
  const description = schema.deprecated ? `Deprecated. ${schema.description}` : schema.description;
  return {
    ...(description !== '' && { description }),
    ...(schema.default !== undefined && { default: schema.default }),
    ...shape(schema, types),
    ...(schema.rules && { 'x-kubernetes-validations': schema.rules.map(({ rule, message }) => ({ rule, message })) }),
  };
}

function shape(schema: Schema, types: KubernetesTypes): Structural {
  switch (schema.type) {
    case 'text':
      return { type: 'string', ...pick(schema, ['enum', 'format', 'pattern', 'minLength', 'maxLength']) };
    case 'integer':
      return { type: 'integer', ...pick(schema, ['format', 'minimum', 'maximum']) };
    case 'flag':
      return { type: 'boolean' };
    case 'quantity':
      return quantitySchema();
    case 'list':
      return {
        type: 'array',
        ...pick(schema, ['minItems', 'maxItems']),
        items: toStructural(schema.items, types),
        ...(schema.keys && { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': schema.keys }),
      };
    case 'map':
      return { type: 'object', additionalProperties: toStructural(schema.values, types) };
    case 'object':
      return objectShape(schema, types);
    case 'kubernetes':
      return types[schema.name];
    default:
      throw new Error(`no schema type ${JSON.stringify(schema satisfies never)}`);
  }
}

function objectShape(schema: ObjectSchema, types: KubernetesTypes): Structural {
  const entries = Object.entries(schema.fields);
  const required = entries.filter(([, field]) => field.required).map(([name]) => name);
  return {
    type: 'object',
    ...(required.length > 0 && { required }),
    properties: Object.fromEntries(entries.map(([name, field]) => [name, toStructural(field, types)])),
  };
}

function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Partial<Pick<T, K>> {
  const result: Partial<Pick<T, K>> = {};
  for (const key of keys) if (from[key] !== undefined) result[key] = from[key];
  return result;
}
