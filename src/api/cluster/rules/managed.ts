import { readOnlyService, readService, readWriteService } from '../../../naming.ts';
import type { Cluster, ManagedServices, RoleConfiguration } from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';

export function* managedRules({ metadata, spec }: Cluster): Generator<FieldError> {
  yield* serviceRules(metadata.name, spec.managed?.services ?? {});
  yield* roleRules(spec.managed?.roles ?? []);
}

function* serviceRules(
  cluster: string,
  { disabledDefaultServices = [], additional = [] }: ManagedServices,
): Generator<FieldError> {
  const field = 'spec.managed.services';
  if (disabledDefaultServices.includes('rw')) {
    yield fieldError(`${field}.disabledDefaultServices`, disabledDefaultServices, 'rw cannot be disabled');
  }
  const taken = new Set([readWriteService(cluster), readService(cluster), readOnlyService(cluster), `${cluster}-any`]);
  for (const [index, { serviceTemplate }] of additional.entries()) {
    const place = `${field}.additional[${index}].serviceTemplate`;
    const name = serviceTemplate.metadata?.name ?? '';
    if (name === '') yield fieldError(`${place}.metadata.name`, name, 'must not be empty');
    else if (taken.has(name))
      yield fieldError(`${place}.metadata.name`, name, 'is the name of another service of the cluster');
    taken.add(name);
    if (Object.keys(serviceTemplate.spec?.selector ?? {}).length > 0) {
      yield fieldError(`${place}.spec.selector`, undefined, 'must be empty: selectorType says which instances');
    }
  }
}

/** Roles that the product or PostgreSQL owns. */
export const isReservedRole = (name: string): boolean =>
  ['postgres', 'streaming_replica'].includes(name) || name.startsWith('pg_') || name.startsWith('cnpg_');

function* roleRules(roles: readonly RoleConfiguration[]): Generator<FieldError> {
  const seen = new Set<string>();
  for (const [index, role] of roles.entries()) {
    const field = `spec.managed.roles[${index}]`;
    if (seen.has(role.name)) yield fieldError(`${field}.name`, role.name, 'is there twice');
    seen.add(role.name);
    if (isReservedRole(role.name)) yield fieldError(`${field}.name`, role.name, 'is reserved');
    if (role.connectionLimit !== undefined && role.connectionLimit < -1) {
      yield fieldError(`${field}.connectionLimit`, role.connectionLimit, 'must be at least -1, which means no limit');
    }
    if (role.passwordSecret && role.disablePassword) {
      yield fieldError(`${field}.disablePassword`, true, 'cannot go together with passwordSecret');
    }
  }
}
