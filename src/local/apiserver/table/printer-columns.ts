import type { Loose, Obj } from '../model/types.ts';
import { age, ageColumn, nameColumn } from './cells.ts';
import type { Column } from './columns.ts';
import { jsonPath } from './json-path.ts';

function cell(path: string, type: string): Column['cell'] {
  const find = jsonPath(path);
  return (object: Obj, now: Date) => {
    const values = find(object);
    const value: Loose = values[0];
    if (value === undefined || value === null) return type === 'date' ? '<unknown>' : '';
    if (type === 'date') return age(String(value), now);
    if (type === 'integer' || type === 'number') return typeof value === 'number' ? value : '';
    if (type === 'boolean') return typeof value === 'boolean' ? value : '';
    if (values.length > 1)
      return values.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))).join(' ');
    return typeof value === 'string' ? value : JSON.stringify(value);
  };
}

/** additionalPrinterColumns of a definition, after the name; without any, name and age. */
export function printerColumns(columns: readonly Loose[]): readonly Column[] {
  if (columns.length === 0) return [nameColumn, ageColumn];
  return [
    nameColumn,
    ...columns.map(({ name, type, format, description, priority = 0, jsonPath: path }) => ({
      name,
      type,
      priority,
      ...(format && { format }),
      ...(description && { description }),
      cell: cell(path, type),
    })),
  ];
}
