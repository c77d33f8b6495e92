import type { Cluster } from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';

const field = 'spec.replica';

export function* replicaClusterRules(cluster: Cluster): Generator<FieldError> {
  const { metadata, spec } = cluster;
  const { replica } = spec;
  if (!replica) return;
  if (replica.primary !== undefined && replica.enabled !== undefined) {
    yield fieldError(`${field}.enabled`, replica.enabled, 'cannot go together with primary');
  }
  const self = replica.self ?? metadata.name;
  const follows = replica.enabled ?? (replica.primary !== undefined && replica.primary !== self);
  if (follows && !spec.bootstrap?.recovery && !spec.bootstrap?.pg_basebackup) {
    yield fieldError('spec.bootstrap', undefined, 'must be recovery or pg_basebackup in a replica cluster');
  }
  const known = new Set((spec.externalClusters ?? []).map(({ name }) => name));
  for (const name of ['source', 'self', 'primary'] as const) {
    const value = replica[name];
    if (value !== undefined && !known.has(value)) {
      yield fieldError(`${field}.${name}`, value, 'must be the name of an entry of externalClusters');
    }
  }
  yield* promotionRules(replica, follows);
}

function* promotionRules(replica: NonNullable<Cluster['spec']['replica']>, follows: boolean): Generator<FieldError> {
  const { promotionToken, minApplyDelay } = replica;
  if (!promotionToken) return;
  // The token says where the former primary stopped; it is not shown, since it is long and nobody's to read.
  if (!isToken(promotionToken))
    yield fieldError(`${field}.promotionToken`, undefined, 'must be the demotion token of a cluster');
  if (follows) yield fieldError(`${field}.promotionToken`, undefined, 'must be set on the primary cluster only');
  if (minApplyDelay)
    yield fieldError(`${field}.minApplyDelay`, minApplyDelay, 'cannot go together with promotionToken');
}

function isToken(token: string): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64').toString('utf8'));
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}
