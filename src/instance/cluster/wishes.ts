// What a Cluster wants of one instance.
import type { Cluster } from '../../api/generated/cluster.ts';
import { secretNames } from '../../resources/secret-names.ts';

/** status.targetPrimary during a failover whose end is open: nobody may go on as primary. */
export const pendingPrimary = 'pending';

export function namedRole(cluster: Cluster | undefined, instance: string): 'self' | 'other' | 'nobody' {
  const named = cluster?.status?.targetPrimary || cluster?.status?.currentPrimary;
  if (named === undefined || named === '') return 'nobody';
  return named === instance ? 'self' : 'other';
}

/** Secrets that the manager itself uses. */
export function wantedSecrets(cluster: Cluster): Set<string> {
  const names = secretNames(cluster);
  const { serverTrust, server, clientTrust, replication, application, superuser } = names;
  const customQueries = (cluster.spec.monitoring?.customQueriesSecret ?? []).map(({ name }) => name);
  return new Set([serverTrust, server, clientTrust, replication, application, superuser, ...customQueries]);
}
