import type { BootstrapInitDB, Cluster, ExternalCluster, SQLRefs } from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';

const methods = ['initdb', 'recovery', 'pg_basebackup'] as const;

export function* bootstrapRules({ spec }: Cluster): Generator<FieldError> {
  const { bootstrap = {} } = spec;
  const used = methods.filter((method) => bootstrap[method]);
  if (used.length > 1) {
    yield fieldError('spec.bootstrap', used, `only one of ${methods.join(', ')} is allowed`);
  }
  for (const method of used) yield* applicationRules(`spec.bootstrap.${method}`, bootstrap[method] ?? {});
  if (bootstrap.initdb) yield* initdbRules(bootstrap.initdb);
  if (bootstrap.pg_basebackup) {
    const field = 'spec.bootstrap.pg_basebackup.source';
    yield* sourceRules(field, bootstrap.pg_basebackup.source, spec.externalClusters, ['connectionParameters']);
  }
}

interface Application {
  readonly database?: string;
  readonly owner?: string;
  readonly secret?: { readonly name: string };
}

function* applicationRules(field: string, { database, owner, secret }: Application): Generator<FieldError> {
  if (database && !owner) yield fieldError(`${field}.owner`, owner, 'must be set when database is');
  if (owner && !database) yield fieldError(`${field}.database`, database, 'must be set when owner is');
  if (owner === 'postgres') yield fieldError(`${field}.owner`, owner, 'must not be the superuser');
  if (secret?.name === '') yield fieldError(`${field}.secret.name`, '', 'must not be empty');
}

function* initdbRules(initdb: BootstrapInitDB): Generator<FieldError> {
  const field = 'spec.bootstrap.initdb';
  const size = initdb.walSegmentSize;
  if (size !== undefined && (size < 1 || size > 1024 || !Number.isInteger(Math.log2(size)))) {
    yield fieldError(`${field}.walSegmentSize`, size, 'must be a power of 2 from 1 to 1024 (MB)');
  }
  for (const name of ['postInitSQLRefs', 'postInitApplicationSQLRefs', 'postInitTemplateSQLRefs'] as const) {
    yield* sqlRefsRules(`${field}.${name}`, initdb[name] ?? {});
  }
}

function* sqlRefsRules(field: string, refs: SQLRefs): Generator<FieldError> {
  for (const list of ['secretRefs', 'configMapRefs'] as const) {
    for (const [index, ref] of (refs[list] ?? []).entries()) {
      if (!ref.name) yield fieldError(`${field}.${list}[${index}].name`, ref.name, 'must not be empty');
      if (!ref.key) yield fieldError(`${field}.${list}[${index}].key`, ref.key, 'must not be empty');
    }
  }
}

type Access = 'connectionParameters' | 'barmanObjectStore' | 'plugin';

/** A source must be an entry of externalClusters that can be reached in one of the given ways. */
export function* sourceRules(
  field: string,
  source: string,
  externalClusters: readonly ExternalCluster[] | undefined,
  ways: readonly Access[],
): Generator<FieldError> {
  const entry = externalClusters?.find(({ name }) => name === source);
  if (!entry) {
    const names = (externalClusters ?? []).map(({ name }) => name);
    const known = names.length > 0 ? `there are ${names.join(', ')}` : 'there are none';
    yield fieldError(field, source, `must be the name of an entry of externalClusters; ${known}`);
  } else if (!ways.some((way) => entry[way])) {
    yield fieldError(field, source, `the entry of externalClusters must have ${ways.join(' or ')}`);
  }
}
