import type { Kind } from '../schema/kind.ts';
import { leafPaths, type FieldPath } from '../schema/paths.ts';
import { decidingRow, isRefused, type Support, type SupportTable } from './support.ts';
import { supportTables } from './tables.ts';

export interface Compatibility {
  readonly kind: string;
  readonly fields: readonly { readonly path: FieldPath; readonly support: Support }[];
  /** Number of fields that are honoured, wholly or for some values. */
  readonly honoured: number;
}

/** What this version honours of the spec of each kind, field by field. */
export function compatibility(kinds: readonly Kind[]): Compatibility[] {
  return kinds.flatMap((kind) => {
    if (!kind.spec) return [];
    const table = supportTables[kind.kind] ?? {};
    const fields = leafPaths(kind.spec).map((path) => ({ path, support: supportOf(table, path) }));
    return [{ kind: kind.kind, fields, honoured: fields.filter(({ support }) => !isRefused(support)).length }];
  });
}

function supportOf(table: SupportTable, path: FieldPath): Support {
  const support = table[decidingRow(table, path) ?? ''];
  if (support === undefined) throw new Error(`no row of the table is about ${path}`);
  return support;
}

/** `Cluster: 120 of 200 fields honoured`. */
export const summaryLine = ({ kind, fields, honoured }: Compatibility): string =>
  `${kind}: ${honoured} of ${fields.length} fields honoured`;

/** docs/compatibility.md. */
export function compatibilityDocument(kinds: readonly Kind[]): string {
  const sections = compatibility(kinds).map((entry) => {
    const rows = entry.fields.map(({ path, support }) => `| \`spec.${path}\` | ${supportText(support)} |`);
    return `\n## ${entry.kind}\n\n${summaryLine(entry)}.\n\n| Field | |\n|---|---|\n${rows.join('\n')}\n`;
  });
  return (
    '# Compatibility\n\n' +
    'What this version of Howdah does about each field of `postgresql.cnpg.io/v1`, and of the plugin kind ObjectStore. A *refused* field that is set to anything but\n' +
    'its default value makes the object invalid: `spec.x.y: not supported by this version of Howdah`. Written by `npm run generate`.\n' +
    sections.join('')
  );
}

function supportText(support: Support): string {
  if (typeof support === 'string') return support;
  if ('refused' in support) return `refused: ${support.refused}`;
  return `honoured: ${support.only.map((value) => `\`${value}\``).join(', ')}`;
}
