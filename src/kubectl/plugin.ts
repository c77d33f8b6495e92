// `kubectl howdah …`: the plugin. Every command is a function of the API and its words; it returns what is to be printed.
import { hasArchive } from '../api/cluster/plugin-store.ts';
import type { Backup } from '../api/generated/backup.ts';
import { isFenced } from '../fencing.ts';
import { resource } from '../kube/resource-types.ts';
import { apiVersion, barmanPlugin } from '../naming.ts';
import { type Command, type Invocation, clusterOf, instanceOf, UsageError } from './invocation.ts';
import { operations } from './operations.ts';
import { statusText } from './status.ts';

async function status(invocation: Invocation): Promise<string> {
  const cluster = await clusterOf(invocation, invocation.words[0]);
  const { items } = await invocation.api.list<Backup>(resource.backups, { namespace: invocation.namespace });
  return statusText(cluster, items);
}

/** Asks for a switchover, as CloudNativePG's plugin does: by the status. What is known to be refused is not even asked. */
async function promote(invocation: Invocation): Promise<string> {
  const { api, namespace, now } = invocation;
  const [name, wanted] = invocation.words;
  const cluster = await clusterOf(invocation, name);
  const instance = instanceOf(cluster, wanted);
  const { currentPrimary = '' } = cluster.status ?? {};
  if (currentPrimary === instance) return `${instance} is already the primary instance in the cluster\n`;
  for (const fenced of [currentPrimary, instance]) {
    if (isFenced(cluster, fenced)) throw new UsageError(`no switchover to ${instance}: ${fenced} is fenced`);
  }
  const patch = {
    status: {
      targetPrimary: instance,
      targetPrimaryTimestamp: now.toISOString(),
      phase: 'Switchover in progress',
      phaseReason: `Switching over to ${instance}`,
    },
  };
  await api.patchStatus(resource.clusters, { namespace, name: name ?? '' }, patch);
  return `Node ${instance} in cluster ${name} will be promoted\n`;
}

async function backup(invocation: Invocation): Promise<string> {
  const { api, namespace, now } = invocation;
  const cluster = await clusterOf(invocation, invocation.words[0]);
  if (!hasArchive(cluster)) {
    throw new UsageError(
      `${cluster.metadata.name} has no store for backups: set spec.backup.barmanObjectStore, or an ObjectStore by spec.plugins`,
    );
  }
  const stamp = now.toISOString().replaceAll(/\D/g, '').slice(0, 14);
  const name = `${cluster.metadata?.name}-${stamp}`;
  const own = cluster.spec.backup?.barmanObjectStore !== undefined;
  const method = own ? {} : { method: 'plugin' as const, pluginConfiguration: { name: barmanPlugin } };
  await api.create<Backup>(resource.backups, {
    apiVersion,
    kind: 'Backup',
    metadata: { name, namespace },
    spec: { cluster: { name: cluster.metadata.name }, ...method },
  });
  return `backup/${name} created\n`;
}

export const commands: Readonly<Record<string, Command>> = {
  status: { usage: 'status CLUSTER                        how a cluster is', run: status },
  promote: {
    usage: 'promote CLUSTER INSTANCE              a planned switchover to an instance (its serial is enough)',
    run: promote,
  },
  backup: { usage: 'backup CLUSTER                        a base backup now', run: backup },
  ...operations,
};
