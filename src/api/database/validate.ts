import type { Database, OptionSpec, UsageSpec } from '../generated/database.ts';
import { database as databaseKind } from '../kinds/database.ts';
import { fieldError, type FieldError, type ValidationResult } from '../validation/field-error.ts';
import { validateKind } from '../support/validate-kind.ts';

/** What is wrong with a Database; names and changes are checked by the rules of its CustomResourceDefinition. */
export function validateDatabase(database: Database): ValidationResult {
  return validateKind(databaseKind, database, () => ({ errors: [...rules(database)], warnings: [] }));
}

function* rules({ spec }: Database): Generator<FieldError> {
  for (const list of ['schemas', 'extensions', 'fdws', 'servers'] as const) {
    yield* duplicates(`spec.${list}`, spec[list] ?? []);
  }
  for (const list of ['fdws', 'servers'] as const) {
    for (const [index, item] of (spec[list] ?? []).entries()) yield* partRules(`spec.${list}[${index}]`, item);
  }
  const wrappers = (spec.fdws ?? []).map(({ name }) => name);
  for (const [index, { fdw }] of (spec.servers ?? []).entries()) {
    if (!wrappers.includes(fdw)) {
      yield fieldError(`spec.servers[${index}].fdw`, fdw, 'must be the name of an entry of fdws');
    }
  }
}

interface Parts {
  readonly options?: OptionSpec[];
  readonly usage?: UsageSpec[];
}

function* partRules(field: string, { options = [], usage = [] }: Parts): Generator<FieldError> {
  yield* duplicates(`${field}.options`, options);
  yield* duplicates(`${field}.usage`, usage);
}

function* duplicates(field: string, items: readonly { readonly name: string }[]): Generator<FieldError> {
  const seen = new Set<string>();
  for (const [index, { name }] of items.entries()) {
    if (seen.has(name)) yield fieldError(`${field}[${index}].name`, name, 'is there twice');
    seen.add(name);
  }
}
