import { createHash } from 'node:crypto';
import type { Cluster } from '../api/generated/cluster.ts';

const sorted = (record: Readonly<Record<string, string>> | undefined): [string, string][] =>
  Object.entries(record ?? {}).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

/**
 * What every instance of the cluster reports (`loadedConfigurationHash`) once it has loaded the configuration that the Cluster
 * asks for. Made from the Cluster alone, so that the operator and each instance arrive at the same value.
 */
export function configurationHash(cluster: Cluster): string {
  const postgresql = cluster.spec.postgresql ?? {};
  const inputs = [
    sorted(postgresql.parameters),
    postgresql.shared_preload_libraries ?? [],
    postgresql.pg_hba ?? [],
    postgresql.pg_ident ?? [],
    postgresql.enableAlterSystem ?? false,
    postgresql.ldap ?? null,
    (cluster.status?.podSelectorRefs ?? []).map(({ name, ips }) => [name, [...(ips ?? [])].sort()]),
  ];
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex');
}
