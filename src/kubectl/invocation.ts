import type { Cluster } from '../api/generated/cluster.ts';
import type { KubeApi } from '../kube/port.ts';
import { resource } from '../kube/resource-types.ts';

/** The person's mistake: shown without a stack trace. */
export class UsageError extends Error {}

export interface Invocation {
  readonly api: KubeApi;
  readonly namespace: string;
  readonly words: readonly string[];
  readonly now: Date;
  /** Options without a value that were given. */
  readonly flags?: ReadonlySet<string>;
}

export interface Command {
  readonly usage: string;
  run(invocation: Invocation): Promise<string>;
}

export async function clusterOf({ api, namespace }: Invocation, name: string | undefined): Promise<Cluster> {
  if (name === undefined) throw new UsageError('the name of a cluster is missing');
  const cluster = await api.get<Cluster>(resource.clusters, { namespace, name });
  if (!cluster) throw new UsageError(`there is no cluster "${name}" in namespace "${namespace}"`);
  return cluster;
}

/** The instance that is meant: by its name, or by its serial alone. */
export function instanceOf(cluster: Cluster, word = ''): string {
  const name = cluster.metadata.name;
  const instance = /^\d+$/.test(word) ? `${name}-${word}` : word;
  const instances = cluster.status?.instanceNames ?? [];
  if (instances.includes(instance)) return instance;
  throw new UsageError(`"${word}" is no instance of ${name}; there are ${instances.join(', ')}`);
}
