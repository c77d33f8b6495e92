import type { Cluster } from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';

const reservedNames: ReadonlySet<string> = new Set([
  'CLUSTER_NAME',
  'NAMESPACE',
  'NODE_NAME',
  'POD_IP',
  'POD_NAME',
  'POD_UID',
  'PSQL_HISTORY',
  'TMPDIR',
]);
const reservedPrefixes = ['PG', 'CNP_', 'CNPG_', 'HOWDAH_'];

/** The instance manager sets these itself, and libpq reads every PG… variable. */
export function isReservedVariable(name: string): boolean {
  const upper = name.toUpperCase();
  return reservedNames.has(upper) || reservedPrefixes.some((prefix) => upper.startsWith(prefix));
}

export function* environmentRules({ spec }: Cluster): Generator<FieldError> {
  for (const [index, { name }] of (spec.env ?? []).entries()) {
    if (isReservedVariable(name)) {
      const message = `is reserved; reserved are ${reservedPrefixes.map((prefix) => `${prefix}*`).join(', ')}, ${[...reservedNames].join(', ')}`;
      yield fieldError(`spec.env[${index}].name`, name, message);
    }
  }
}
