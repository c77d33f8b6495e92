import { childSchema, isObject, type Schema } from '../schema/schema.ts';
import type { Loose } from '../model/types.ts';

/** How a value is owned: as one piece, or by its parts. */
export type Parts = ReadonlyMap<
  string,
  { readonly value: Loose; readonly schema: Schema | undefined; readonly key: string }
>;

function listElement(item: Loose, schema: Schema): string | undefined {
  if (schema['x-kubernetes-list-type'] === 'set') return `v:${JSON.stringify(item)}`;
  if (!isObject(item)) return undefined;
  const keys = [...(schema['x-kubernetes-list-map-keys'] ?? [])].sort();
  const found = keys.map((key): [string, Loose] => [key, item[key] ?? schema.items?.properties?.[key]?.default]);
  return `k:${JSON.stringify(Object.fromEntries(found.filter(([, value]) => value !== undefined)))}`;
}

/** The parts of a value by path element; undefined when it is owned as one piece (scalars, atomic lists and maps). */
export function partsOf(value: Loose, schema: Schema | undefined): Parts | undefined {
  if (Array.isArray(value)) {
    const type = schema?.['x-kubernetes-list-type'];
    if (!schema || (type !== 'map' && type !== 'set')) return undefined;
    const parts = new Map<string, { value: Loose; schema: Schema | undefined; key: string }>();
    for (const item of value) {
      const element = listElement(item, schema);
      if (element === undefined) return undefined;
      if (!parts.has(element)) parts.set(element, { value: item, schema: schema.items, key: '' });
    }
    return parts;
  }
  if (!isObject(value) || schema?.['x-kubernetes-map-type'] === 'atomic') return undefined;
  return new Map(
    Object.entries(value)
      .filter(([, child]) => child !== undefined)
      .map(([key, child]) => [`f:${key}`, { value: child, schema: childSchema(schema, key), key }]),
  );
}

/** Items of a list stay where they are named; keys of an open map are members of their own right. */
export const isItem = (value: Loose): boolean => Array.isArray(value);
