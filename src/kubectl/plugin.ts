// `kubectl howdah …`: the plugin. Every command is a function of the API and its words; it returns what is to be printed.
import type { Backup } from '../api/generated/backup.ts';
import type { Cluster } from '../api/generated/cluster.ts';
import type { KubeApi } from '../kube/port.ts';
import { resource } from '../kube/resource-types.ts';
import { apiVersion } from '../naming.ts';
import { statusText } from './status.ts';

/** The person's mistake: shown without a stack trace. */
export class UsageError extends Error {}

export interface Invocation {
  readonly api: KubeApi;
  readonly namespace: string;
  readonly words: readonly string[];
  readonly now: Date;
}

async function clusterOf({ api, namespace }: Invocation, name: string | undefined): Promise<Cluster> {
  if (name === undefined) throw new UsageError('the name of a cluster is missing');
  const cluster = await api.get<Cluster>(resource.clusters, { namespace, name });
  if (!cluster) throw new UsageError(`there is no cluster "${name}" in namespace "${namespace}"`);
  return cluster;
}

async function status(invocation: Invocation): Promise<string> {
  const cluster = await clusterOf(invocation, invocation.words[0]);
  const { items } = await invocation.api.list<Backup>(resource.backups, { namespace: invocation.namespace });
  return statusText(cluster, items);
}

/** Asks for a switchover, as CloudNativePG's plugin does: by the status. The serial alone names an instance, too. */
async function promote(invocation: Invocation): Promise<string> {
  const { api, namespace, now } = invocation;
  const [name, wanted = ''] = invocation.words;
  const cluster = await clusterOf(invocation, name);
  const instance = /^\d+$/.test(wanted) ? `${name}-${wanted}` : wanted;
  const instances = cluster.status?.instanceNames ?? [];
  if (!instances.includes(instance)) {
    throw new UsageError(`"${wanted}" is no instance of ${name}; there are ${instances.join(', ')}`);
  }
  if (cluster.status?.currentPrimary === instance)
    return `${instance} is already the primary instance in the cluster\n`;
  await api.patchStatus(
    resource.clusters,
    { namespace, name: name ?? '' },
    {
      metadata: { resourceVersion: cluster.metadata?.resourceVersion },
      status: {
        targetPrimary: instance,
        targetPrimaryTimestamp: now.toISOString(),
        phase: 'Switchover in progress',
        phaseReason: `Switching over to ${instance}`,
      },
    },
  );
  return `Node ${instance} in cluster ${name} will be promoted\n`;
}

async function backup(invocation: Invocation): Promise<string> {
  const { api, namespace, now } = invocation;
  const cluster = await clusterOf(invocation, invocation.words[0]);
  const stamp = now.toISOString().replaceAll(/\D/g, '').slice(0, 14);
  const name = `${cluster.metadata?.name}-${stamp}`;
  await api.create<Backup>(resource.backups, {
    apiVersion,
    kind: 'Backup',
    metadata: { name, namespace },
    spec: { cluster: { name: cluster.metadata?.name ?? '' } },
  });
  return `backup/${name} created\n`;
}

export const commands: Readonly<
  Record<string, { readonly usage: string; run(invocation: Invocation): Promise<string> }>
> = {
  status: { usage: 'status CLUSTER             how a cluster is', run: status },
  promote: {
    usage: 'promote CLUSTER INSTANCE   a planned switchover to an instance (its serial is enough)',
    run: promote,
  },
  backup: { usage: 'backup CLUSTER             a base backup now', run: backup },
};
