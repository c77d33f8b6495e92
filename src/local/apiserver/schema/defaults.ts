import type { Loose } from '../model/types.ts';
import { isObject, type Schema } from './schema.ts';

/** Fills in the defaults of a structural schema, in place. A null where none is allowed counts as absent. */
export function fillDefaults(value: Loose, schema: Schema): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items) for (const item of value) fillDefaults(item, items);
    return;
  }
  if (!isObject(value)) return;
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const child = value[key];
    const missing = child === undefined || (child === null && !property.nullable);
    if (missing && property.default !== undefined) value[key] = structuredClone(property.default);
    if (value[key] !== undefined && value[key] !== null) fillDefaults(value[key], property);
  }
  if (typeof schema.additionalProperties !== 'object') return;
  for (const [key, child] of Object.entries(value)) {
    if (!Object.hasOwn(schema.properties ?? {}, key)) fillDefaults(child, schema.additionalProperties);
  }
}
