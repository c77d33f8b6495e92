import { isDefault } from '../schema/defaults.ts';
import { join, type FieldPath } from '../schema/paths.ts';
import type { ObjectSchema, Schema } from '../schema/schema.ts';
import { anyOf, fieldError, unsupportedMessage, type FieldError } from '../validation/field-error.ts';
import type { SupportTable } from './support.ts';

/** An error for every part of `spec` that is set to something this version does not honour. */
export function unsupportedFields(schema: ObjectSchema, table: SupportTable, spec: unknown): FieldError[] {
  return [...walk({ schema, path: '', field: 'spec', value: spec }, table)];
}

interface Place {
  readonly schema: Schema;
  /** In the table. */
  readonly path: FieldPath;
  /** In the object. */
  readonly field: string;
  readonly value: unknown;
}

function* walk(place: Place, table: SupportTable): Generator<FieldError> {
  const { schema, path, field, value } = place;
  const support = table[path];
  if (isDefault(schema, value)) return;
  if (support === 'refused') {
    yield fieldError(field, undefined, unsupportedMessage);
  } else if (typeof support === 'object' && 'refused' in support) {
    yield fieldError(field, undefined, `${unsupportedMessage}: ${support.refused}`);
  } else if (typeof support === 'object') {
    if (!support.only.includes(String(value))) {
      yield fieldError(field, value, `${unsupportedMessage}; allowed: ${anyOf(support.only)}`);
    }
  } else {
    for (const child of children(place)) yield* walk(child, table);
  }
}

function* children({ schema, path, field, value }: Place): Generator<Place> {
  if (schema.type === 'object') {
    const fields = value as Record<string, unknown>;
    for (const [name, child] of Object.entries(schema.fields)) {
      yield { schema: child, path: join(path, name), field: `${field}.${name}`, value: fields[name] };
    }
  } else if (schema.type === 'list' && schema.items.type === 'object') {
    for (const [index, item] of (value as unknown[]).entries()) {
      yield { schema: schema.items, path: `${path}[]`, field: `${field}[${index}]`, value: item };
    }
  }
}
