import type { Schema } from './schema.ts';

/**
 * Whether every value has the type that the schema gives it. Mutating admission comes before the API server looks at types, so
 * whoever fills in defaults may meet anything; what does not fit is left for the API server to refuse. Missing fields fit.
 */
export function fits(schema: Schema, value: unknown): boolean {
  switch (schema.type) {
    case 'text':
      return typeof value === 'string';
    case 'integer':
      return typeof value === 'number';
    case 'flag':
      return typeof value === 'boolean';
    case 'quantity':
      return typeof value === 'string' || typeof value === 'number';
    case 'list':
      return Array.isArray(value) && value.every((item) => fits(schema.items, item));
    case 'map':
      return isRecord(value) && Object.values(value).every((item) => fits(schema.values, item));
    case 'object':
      return isRecord(value) && fieldsFit(schema.fields, value);
    case 'kubernetes':
      return isRecord(value);
    default:
      throw new Error(`no schema type ${JSON.stringify(schema satisfies never)}`);
  }
}

const fieldsFit = (fields: Readonly<Record<string, Schema>>, value: Record<string, unknown>): boolean =>
  Object.entries(fields).every(([name, field]) => value[name] === undefined || fits(field, value[name]));

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
