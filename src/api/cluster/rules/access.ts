// Who may log in: LDAP, and pod selectors in pg_hba.
import type { Cluster } from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';

export function* ldapRules({ spec }: Cluster): Generator<FieldError> {
  const ldap = spec.postgresql?.ldap;
  if (!ldap) return;
  const field = 'spec.postgresql.ldap';
  if (!ldap.server) yield fieldError(`${field}.server`, ldap.server ?? '', 'must not be empty');
  if (Boolean(ldap.bindAsAuth) === Boolean(ldap.bindSearchAuth)) {
    yield fieldError(field, undefined, 'must have exactly one of bindAsAuth and bindSearchAuth');
  }
}

const reference = /\$\{podselector:([^}]*)\}/g;

export function* podSelectorRules({ spec }: Cluster): Generator<FieldError> {
  const names = new Set<string>();
  for (const [index, { name }] of (spec.podSelectorRefs ?? []).entries()) {
    if (names.has(name)) yield fieldError(`spec.podSelectorRefs[${index}].name`, name, 'is there twice');
    names.add(name);
  }
  for (const [index, line] of (spec.postgresql?.pg_hba ?? []).entries()) {
    const field = `spec.postgresql.pg_hba[${index}]`;
    const used = [...line.matchAll(reference)].map((match) => match[1] ?? '');
    if (used.length > 1) yield fieldError(field, line, 'must have at most one ${podselector:…}');
    for (const name of used) {
      if (!names.has(name)) yield fieldError(field, line, `there is no entry ${name} in podSelectorRefs`);
    }
  }
}

/** A line break would make two lines of one. */
export function* accessLineRules({ spec }: Cluster): Generator<FieldError> {
  for (const name of ['pg_hba', 'pg_ident'] as const) {
    for (const [index, line] of (spec.postgresql?.[name] ?? []).entries()) {
      if (/[\n\r\0]/.test(line)) yield fieldError(`spec.postgresql.${name}[${index}]`, line, 'must be one line');
    }
  }
}
