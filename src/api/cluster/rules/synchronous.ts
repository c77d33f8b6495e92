import { annotation } from '../../../labels.ts';
import type { Cluster } from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';

export function* synchronousRules(cluster: Cluster): Generator<FieldError> {
  yield* legacyRules(cluster);
  const { instances, postgresql } = cluster.spec;
  const synchronous = postgresql?.synchronous;
  if (!synchronous) {
    yield* quorumOfNobody(cluster.metadata.annotations?.[annotation.failoverQuorum]);
    return;
  }
  const field = 'spec.postgresql.synchronous';
  const { number, standbyNamesPre = [], standbyNamesPost = [], failoverQuorum } = synchronous;
  const external = standbyNamesPre.length + standbyNamesPost.length;
  if (number >= instances + external) {
    const message = `must be less than the number of instances and further standby names, ${instances + external}`;
    yield fieldError(`${field}.number`, number, message);
  }
  yield* externalNames(cluster.metadata.name, { standbyNamesPre, standbyNamesPost });
  if (failoverQuorum && number <= external) {
    yield fieldError(
      `${field}.number`,
      number,
      `must be more than the number of further standby names, ${external}, with failoverQuorum`,
    );
  }
}

/** Without a set of standbys that confirm there is nothing that a quorum could prove. */
function* quorumOfNobody(asked: string | undefined): Generator<FieldError> {
  if (asked !== 'true') return;
  const message = 'needs spec.postgresql.synchronous with a method and a number';
  yield fieldError(`metadata.annotations[${annotation.failoverQuorum}]`, asked, message);
}

/** What would count as an instance, or as anybody at all, would be counted in the quorum that no instance stands for. */
function* externalNames(
  cluster: string,
  lists: { readonly standbyNamesPre: readonly string[]; readonly standbyNamesPost: readonly string[] },
): Generator<FieldError> {
  for (const [list, names] of Object.entries(lists)) {
    for (const [index, name] of names.entries()) {
      const own = name.toLowerCase().startsWith(`${cluster.toLowerCase()}-`) && /-\d+(-joining)?$/i.test(name);
      if (name !== '*' && !own) continue;
      const field = `spec.postgresql.synchronous.${list}[${index}]`;
      yield fieldError(field, name, 'must be the name of a standby outside of this cluster, and not *');
    }
  }
}

function* legacyRules({ spec }: Cluster): Generator<FieldError> {
  const { minSyncReplicas: min = 0, maxSyncReplicas: max = 0, instances } = spec;
  const election = spec.postgresql?.syncReplicaElectionConstraint;
  if (min < 0) yield fieldError('spec.minSyncReplicas', min, 'must not be negative');
  if (max < 0) yield fieldError('spec.maxSyncReplicas', max, 'must not be negative');
  if (min > max) yield fieldError('spec.minSyncReplicas', min, `must not be more than maxSyncReplicas, ${max}`);
  if (max > 0 && max >= instances)
    yield fieldError('spec.maxSyncReplicas', max, `must be less than instances, ${instances}`);
  if (spec.postgresql?.synchronous && (min > 0 || max > 0)) {
    yield fieldError(
      'spec.postgresql.synchronous',
      undefined,
      'cannot go together with minSyncReplicas and maxSyncReplicas',
    );
  }
  if (election?.enabled && (election.nodeLabelsAntiAffinity ?? []).length === 0) {
    const field = 'spec.postgresql.syncReplicaElectionConstraint.nodeLabelsAntiAffinity';
    yield fieldError(field, [], 'must name a node label when the constraint is enabled');
  }
}
