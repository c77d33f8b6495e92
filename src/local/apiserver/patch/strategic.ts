import { childSchema, isObject, type Schema } from '../schema/schema.ts';
import { equal } from '../model/equal.ts';
import type { Loose } from '../model/types.ts';

const orderPrefix = '$setElementOrder/';
const deletePrefix = '$deleteFromPrimitiveList/';
const directive = '$patch';
const retainKeys = '$retainKeys';

const merges = (schema: Schema | undefined): boolean =>
  (schema?.['x-kubernetes-patch-strategy'] ?? '').split(',').includes('merge');

/** Lists of objects with a merge key: items of the patch change, replace or delete items of the same key. */
function mergeItems(current: readonly Loose[], patch: readonly Loose[], schema: Schema, key: string): Loose[] {
  if (patch.some((item) => item?.[directive] === 'replace'))
    return patch.filter((item) => item?.[directive] === undefined);
  const result = [...current];
  for (const item of patch) {
    const index = result.findIndex((other) => equal(other?.[key], item?.[key]));
    if (item?.[directive] === 'delete') {
      if (index >= 0) result.splice(index, 1);
    } else if (index >= 0) {
      result[index] = strategicMerge(result[index], item, schema.items);
    } else {
      result.push(strategicMerge({}, item, schema.items));
    }
  }
  return result;
}

function mergeList(current: Loose, patch: Loose[], schema: Schema | undefined): Loose[] {
  if (!merges(schema) || !schema) return patch;
  const before = Array.isArray(current) ? current : [];
  const key = schema['x-kubernetes-patch-merge-key'];
  if (key) return mergeItems(before, patch, schema, key);
  return [...before, ...patch.filter((item) => !before.some((other) => equal(other, item)))];
}

/** Puts the items that the patch orders into that order; others keep their places at the end. */
function inOrder(items: Loose, order: Loose, schema: Schema | undefined): Loose {
  if (!Array.isArray(items) || !Array.isArray(order)) return items;
  const key = schema?.['x-kubernetes-patch-merge-key'];
  const place = (item: Loose): number => {
    const found = order.findIndex((entry) => (key ? equal(entry?.[key], item?.[key]) : equal(entry, item)));
    return found < 0 ? order.length : found;
  };
  return items
    .map((item, index) => ({ item, index }))
    .sort((a, b) => place(a.item) - place(b.item) || a.index - b.index)
    .map(({ item }) => item);
}

/** A strategic merge patch, by the merge keys of the schema. */
export function strategicMerge(current: Loose, patch: Loose, schema: Schema | undefined): Loose {
  if (!isObject(patch)) return patch;
  if (patch[directive] === 'delete') return {};
  if (patch[directive] === 'replace')
    return Object.fromEntries(Object.entries(patch).filter(([key]) => key !== directive));
  let result: Record<string, Loose> = isObject(current) ? { ...current } : {};
  if (Array.isArray(patch[retainKeys])) {
    result = Object.fromEntries(Object.entries(result).filter(([key]) => (patch[retainKeys] as Loose[]).includes(key)));
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key === directive || key === retainKeys || key.startsWith(orderPrefix)) continue;
    if (key.startsWith(deletePrefix)) {
      const name = key.slice(deletePrefix.length);
      result[name] = ((result[name] ?? []) as Loose[]).filter(
        (item) => !(value as Loose[]).some((gone) => equal(gone, item)),
      );
    } else if (value === null) {
      delete result[key];
    } else {
      const below = childSchema(schema, key);
      result[key] = Array.isArray(value)
        ? mergeList(result[key], value, below)
        : strategicMerge(result[key], value, below);
    }
  }
  for (const [key, order] of Object.entries(patch)) {
    if (!key.startsWith(orderPrefix)) continue;
    const name = key.slice(orderPrefix.length);
    if (name in result) result[name] = inOrder(result[name], order, childSchema(schema, name));
  }
  return result;
}
