import type { Cluster, Import } from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';
import { sourceRules } from './bootstrap.ts';

const field = 'spec.bootstrap.initdb.import';

export function* importRules({ spec }: Cluster): Generator<FieldError> {
  const section = spec.bootstrap?.initdb?.import;
  if (!section) return;
  const { externalCluster } = section.source;
  yield* sourceRules(`${field}.source.externalCluster`, externalCluster, spec.externalClusters, [
    'connectionParameters',
  ]);
  yield* section.type === 'microservice' ? microserviceRules(section) : monolithRules(section);
}

function* microserviceRules({ databases, roles = [] }: Import): Generator<FieldError> {
  if (databases.length !== 1 || databases[0] === '*') {
    yield fieldError(
      `${field}.databases`,
      databases,
      'must be the name of exactly one database with type microservice',
    );
  }
  if (roles.length > 0) yield fieldError(`${field}.roles`, roles, 'must be empty with type microservice');
}

function* monolithRules({ databases, roles = [], postImportApplicationSQL = [] }: Import): Generator<FieldError> {
  if (databases.length === 0) yield fieldError(`${field}.databases`, databases, 'must name a database, or *');
  for (const [name, list] of Object.entries({ databases, roles })) {
    if (list.includes('*') && list.length > 1) {
      yield fieldError(`${field}.${name}`, list, '* must be alone');
    }
  }
  if (postImportApplicationSQL.length > 0) {
    yield fieldError(`${field}.postImportApplicationSQL`, undefined, 'must be empty with type monolith');
  }
}
