import type { Loose } from '../model/types.ts';

/**
 * A set of field paths as a tree. Path elements are written as in FieldsV1: `f:name` (field), `k:{…}` (list item by its
 * keys), `v:…` (set item). `member` says that the path up to here is itself in the set.
 */
export interface FieldSet {
  member: boolean;
  readonly children: Map<string, FieldSet>;
}

export const emptySet = (member = false): FieldSet => ({ member, children: new Map() });

export const isEmpty = (set: FieldSet): boolean => !set.member && set.children.size === 0;

/** Drops branches that hold no member. */
function tidy(set: FieldSet): FieldSet {
  for (const [element, child] of set.children) if (isEmpty(tidy(child))) set.children.delete(element);
  return set;
}

export function insert(set: FieldSet, path: readonly string[]): void {
  let node = set;
  for (const element of path) {
    let next = node.children.get(element);
    if (!next) node.children.set(element, (next = emptySet()));
    node = next;
  }
  node.member = true;
}

function combine(
  a: FieldSet | undefined,
  b: FieldSet | undefined,
  rule: (a: boolean, b: boolean) => boolean,
): FieldSet {
  const result = emptySet(rule(a?.member ?? false, b?.member ?? false));
  for (const element of new Set([...(a?.children.keys() ?? []), ...(b?.children.keys() ?? [])])) {
    result.children.set(element, combine(a?.children.get(element), b?.children.get(element), rule));
  }
  return tidy(result);
}

export const union = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (x, y) => x || y);
export const difference = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (x, y) => x && !y);
export const intersection = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (x, y) => x && y);
export const equalSets = (a: FieldSet, b: FieldSet): boolean => isEmpty(combine(a, b, (x, y) => x !== y));

/** Members of the set, parents before their children. */
export function members(set: FieldSet, at: readonly string[] = []): string[][] {
  const inside = [...set.children].flatMap(([element, child]) => members(child, [...at, element]));
  return set.member ? [[...at], ...inside] : inside;
}

export function toFieldsV1(set: FieldSet): Record<string, Loose> {
  const result: Record<string, Loose> = {};
  if (set.member && set.children.size > 0) result['.'] = {};
  for (const element of [...set.children.keys()].sort()) {
    const child = set.children.get(element);
    if (child) result[element] = toFieldsV1(child);
  }
  return result;
}

export function fromFieldsV1(fields: Loose, root = true): FieldSet {
  const entries = Object.entries((fields ?? {}) as Record<string, Loose>);
  const set = emptySet(!root && (entries.length === 0 || '.' in fields));
  for (const [element, child] of entries) if (element !== '.') set.children.set(element, fromFieldsV1(child, false));
  return set;
}

/** As conflicts name a field: `.spec.containers[name="a"].image`. */
export const pathText = (path: readonly string[]): string =>
  path
    .map((element) => {
      const rest = element.slice(2);
      if (element.startsWith('f:')) return `.${rest}`;
      if (element.startsWith('v:')) return `[=${rest}]`;
      const keys = Object.entries(JSON.parse(rest) as Record<string, unknown>);
      return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
    })
    .join('');
