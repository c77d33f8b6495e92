// Commands for what is planned: all of them write a wish into an object, and the operator and the instances do the rest.
import type { Cluster } from '../api/generated/cluster.ts';
import { changedFencing, fencedNames, isFenced } from '../fencing.ts';
import { isConflict } from '../kube/errors.ts';
import type { PersistentVolumeClaim } from '../kube/objects.ts';
import { resource } from '../kube/resource-types.ts';
import { annotation, label } from '../labels.ts';
import { type Command, type Invocation, clusterOf, instanceOf, UsageError } from './invocation.ts';

const annotate = async (
  { api }: Invocation,
  { metadata }: Cluster,
  annotations: Record<string, string | null>,
): Promise<void> => {
  const { namespace = '', name } = metadata;
  await api.patch(resource.clusters, { namespace, name }, { metadata: { annotations } });
};

/** A running cluster's status changes all the time; so often a change is tried on the newest version. */
const attempts = 10;

/** Changes an annotation that is made from what it was: somebody who changes it at this moment is not overruled. */
async function change(
  invocation: Invocation,
  first: Cluster,
  key: string,
  value: (cluster: Cluster) => string | null,
): Promise<void> {
  const { api } = invocation;
  let cluster = first;
  for (let attempt = 1; ; attempt += 1) {
    const { namespace = '', name, resourceVersion } = cluster.metadata;
    const metadata = { resourceVersion, annotations: { [key]: value(cluster) } };
    try {
      await api.patch(resource.clusters, { namespace, name }, { metadata });
      return;
    } catch (error) {
      if (!isConflict(error) || attempt === attempts) throw error;
      cluster = await clusterOf(invocation, name);
    }
  }
}

function onOrOff(word: string | undefined): 'on' | 'off' {
  if (word === 'on' || word === 'off') return word;
  throw new UsageError(`"${word ?? ''}" must be on or off`);
}

async function fencing(invocation: Invocation): Promise<string> {
  const [word, name, wanted] = invocation.words;
  const way = onOrOff(word);
  const cluster = await clusterOf(invocation, name);
  const instance = wanted === '*' ? '*' : instanceOf(cluster, wanted);
  const wish = way === 'on' ? { add: instance } : { remove: instance };
  await change(invocation, cluster, annotation.fencedInstances, (now) =>
    changedFencing(fencedNames(now), now.status?.instanceNames ?? [], wish),
  );
  return `${instance} ${way === 'on' ? 'fenced' : 'unfenced'}\n`;
}

async function hibernate(invocation: Invocation): Promise<string> {
  const [word, name] = invocation.words;
  const way = onOrOff(word);
  await annotate(invocation, await clusterOf(invocation, name), { [annotation.hibernation]: way });
  return `hibernation of ${name} is ${way}\n`;
}

async function reload(invocation: Invocation): Promise<string> {
  const [name] = invocation.words;
  const at = invocation.now.toISOString();
  await annotate(invocation, await clusterOf(invocation, name), { [annotation.reloadedAt]: at });
  return `${name} will be reloaded\n`;
}

/** The whole cluster by the annotation that \`kubectl rollout restart\` sets, or one instance by its pod. */
async function restart(invocation: Invocation): Promise<string> {
  const { api, namespace, now } = invocation;
  const [name, wanted] = invocation.words;
  const cluster = await clusterOf(invocation, name);
  if (wanted === undefined) {
    await annotate(invocation, cluster, { [annotation.restartedAt]: now.toISOString() });
    return `${name} restarted\n`;
  }
  const instance = instanceOf(cluster, wanted);
  const key = { namespace, name: instance };
  if (cluster.status?.currentPrimary === instance) {
    // It comes back as primary: its manager reads this when it is told to end.
    await api.patch(resource.pods, key, { metadata: { annotations: { [annotation.keepsRole]: 'restart' } } });
  }
  await api.delete(resource.pods, key);
  return `instance ${instance} restarted\n`;
}

async function maintenance(invocation: Invocation): Promise<string> {
  const { api, namespace, flags } = invocation;
  const [word, name] = invocation.words;
  if (word !== 'set' && word !== 'unset') throw new UsageError(`"${word ?? ''}" must be set or unset`);
  const clusters =
    name === undefined
      ? (await api.list<Cluster>(resource.clusters, flags?.has('all-namespaces') ? {} : { namespace })).items
      : [await clusterOf(invocation, name)];
  const inProgress = word === 'set';
  const reusePVC = flags?.has('reusePVC') ?? false;
  const lines: string[] = [];
  for (const { metadata, spec } of clusters) {
    const key = { namespace: metadata.namespace ?? namespace, name: metadata.name };
    const before = spec.nodeMaintenanceWindow ?? {};
    await api.patch(resource.clusters, key, { spec: { nodeMaintenanceWindow: { inProgress, reusePVC } } });
    lines.push(
      `${key.namespace}/${key.name}: maintenance ${before.inProgress ?? false} => ${inProgress}, reusePVC ${before.reusePVC ?? true} => ${reusePVC}\n`,
    );
  }
  return lines.join('');
}

/** A replica goes with its volumes, and another is made in its place. */
async function destroy(invocation: Invocation): Promise<string> {
  const { api, namespace } = invocation;
  const [name, wanted] = invocation.words;
  const cluster = await clusterOf(invocation, name);
  const instance = instanceOf(cluster, wanted);
  const { currentPrimary, targetPrimary } = cluster.status ?? {};
  if ([currentPrimary, targetPrimary].includes(instance)) {
    throw new UsageError(`${instance} is the primary; promote another instance first`);
  }
  if (currentPrimary !== undefined && isFenced(cluster, currentPrimary)) {
    throw new UsageError(`the primary, ${currentPrimary}, is fenced: no copy is given up meanwhile`);
  }
  const labelSelector = `${label.cluster}=${name},${label.instanceName}=${instance}`;
  const { items } = await api.list<PersistentVolumeClaim>(resource.persistentVolumeClaims, {
    namespace,
    labelSelector,
  });
  const patch = { metadata: { annotations: { [annotation.removal]: 'destroyed by a person' } } };
  for (const { metadata } of items) {
    await api.patch(resource.persistentVolumeClaims, { namespace, name: metadata?.name ?? '' }, patch);
  }
  return `Instance ${instance} of cluster ${name} is destroyed\n`;
}

export const operations: Readonly<Record<string, Command>> = {
  restart: {
    usage: 'restart CLUSTER [INSTANCE]            restarts replicas, then the primary; or one instance',
    run: restart,
  },
  reload: { usage: 'reload CLUSTER                        every instance reads its configuration again', run: reload },
  fencing: {
    usage: "fencing on|off CLUSTER INSTANCE|'*'   stops PostgreSQL of an instance and keeps it so, or starts it",
    run: fencing,
  },
  hibernate: {
    usage: 'hibernate on|off CLUSTER              stops all instances and keeps the volumes',
    run: hibernate,
  },
  maintenance: {
    usage: 'maintenance set|unset [CLUSTER] [--reusePVC] [-A]   a node maintenance window',
    run: maintenance,
  },
  destroy: {
    usage: 'destroy CLUSTER INSTANCE              removes a replica with its volumes; another is made',
    run: destroy,
  },
};
