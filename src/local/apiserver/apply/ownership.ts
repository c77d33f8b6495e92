import { equal } from '../model/equal.ts';
import { isObject, type Schema } from '../schema/schema.ts';
import type { Loose } from '../model/types.ts';
import { emptySet, insert, type FieldSet } from './field-set.ts';
import { isItem, partsOf } from './relation.ts';

const isEmptyContainer = (value: Loose): boolean =>
  value === null || (typeof value === 'object' && Object.keys(value).length === 0);

/** All fields that a configuration names. */
export function fieldsOf(value: Loose, schema: Schema | undefined): FieldSet {
  const set = emptySet();
  const walk = (at: string[], node: Loose, nodeSchema: Schema | undefined): void => {
    const parts = partsOf(node, nodeSchema);
    if (!parts) return insert(set, at);
    if (at.length > 0 && isEmptyContainer(node)) return insert(set, at);
    const openMap = isObject(node) && typeof nodeSchema?.additionalProperties === 'object';
    for (const [element, part] of parts) {
      const inside = [...at, element];
      if (isItem(node) || (openMap && isObject(part.value))) insert(set, inside);
      if (isItem(node) && !partsOf(part.value, part.schema)) continue;
      walk(inside, part.value, part.schema);
    }
  };
  walk([], value, schema);
  return set;
}

export interface Comparison {
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

/** What is other in `after`: fields added or modified, and fields gone. */
export function compare(before: Loose, after: Loose, schema: Schema | undefined): Comparison {
  const changed = emptySet();
  const removed = emptySet();
  const whole = (set: FieldSet, at: string[], value: Loose, nodeSchema: Schema | undefined): void => {
    const parts = partsOf(value, nodeSchema);
    // The container itself belongs to who brought it, the top-level ones and lists apart.
    if (!parts || (at.length > 1 && !Array.isArray(value)) || isEmptyContainer(value)) insert(set, at);
    for (const [element, part] of parts ?? []) whole(set, [...at, element], part.value, part.schema);
  };
  const walk = (at: string[], a: Loose, b: Loose, nodeSchema: Schema | undefined): void => {
    if (equal(a, b)) return;
    if (a === undefined) return whole(changed, at, b, nodeSchema);
    if (b === undefined) return whole(removed, at, a, nodeSchema);
    const left = partsOf(a, nodeSchema);
    const right = partsOf(b, nodeSchema);
    if (!left || !right || Array.isArray(a) !== Array.isArray(b)) {
      if (left) whole(removed, at, a, nodeSchema);
      if (right) return whole(changed, at, b, nodeSchema);
      return insert(changed, at);
    }
    for (const element of new Set([...left.keys(), ...right.keys()])) {
      const [l, r] = [left.get(element), right.get(element)];
      walk([...at, element], l?.value, r?.value, l?.schema ?? r?.schema);
    }
  };
  walk([], before, after, schema);
  return { changed, removed };
}
