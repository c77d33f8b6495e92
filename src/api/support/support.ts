import type { FieldPath } from '../schema/paths.ts';

/** What this version does about a field: acts on it, refuses it, or acts on some of its values and refuses the others. */
export type Support = 'honoured' | 'refused' | { readonly refused: string } | { readonly only: readonly string[] };

/**
 * By field path below `spec`; a row holds for the fields below it too, unless they have a row of their own. Every field of the
 * schema must be below some row, and every row must be about some field (a test proves both).
 */
export type SupportTable = Readonly<Record<FieldPath, Support>>;

/** With what there is instead, for people. */
export const refused = (instead: string): Support => ({ refused: instead });

export const isRefused = (support: Support): boolean =>
  support === 'refused' || (typeof support === 'object' && 'refused' in support);

export const only = (...values: string[]): Support => ({ only: values });

/** The same rows below another path. */
export const under = (path: FieldPath, rows: SupportTable): SupportTable =>
  Object.fromEntries(Object.entries(rows).map(([name, support]) => [`${path}.${name}`, support]));

/** The path of the row that decides about a field: the field itself or the nearest one above. */
export function decidingRow(table: SupportTable, path: FieldPath): FieldPath | undefined {
  for (let candidate = path; ; candidate = parent(candidate)) {
    if (candidate in table) return candidate;
    if (candidate === '') return undefined;
  }
}

/** `a[].b` → `a[]` → `a` → ``. */
function parent(path: FieldPath): FieldPath {
  if (path.endsWith('[]')) return path.slice(0, -2);
  return path.slice(0, Math.max(path.lastIndexOf('.'), 0));
}
