import type { Job, Lease, PersistentVolumeClaim, Pod, Secret } from '../../kube/objects.ts';
import { resource } from '../../kube/resource-types.ts';
import type { KubeObject, ResourceType } from '../../kube/types.ts';
import { label } from '../../labels.ts';
import { secretNames } from '../../resources/secret-names.ts';
import { secretText } from '../../resources/secrets.ts';
import { buildWorld } from './build-world.ts';
import type { StatusAnswer } from './instance-status.ts';
import { leadershipOf } from './leadership.ts';
import type { Scope } from './scope.ts';
import type { World } from './world.ts';

/** All objects of a kind that belong to this very cluster, read from the server itself: what follows may delete. */
async function belonging<T extends KubeObject>(scope: Scope, type: ResourceType): Promise<T[]> {
  const { api, namespace, name, signal, cluster } = scope;
  const { items } = await api.list<T>(type, { namespace, labelSelector: `${label.cluster}=${name}`, signal });
  // An earlier cluster of this name may still be on its way out. Pods of Jobs belong to the Job.
  return items.filter(
    ({ metadata }) =>
      metadata?.labels?.[label.jobRole] !== undefined ||
      (metadata?.ownerReferences?.some(({ uid }) => uid === cluster.metadata.uid) ?? false),
  );
}

const started = (pod: Pod): boolean =>
  pod.status?.phase === 'Running' &&
  pod.metadata?.deletionTimestamp === undefined &&
  (pod.status.podIP ?? '') !== '' &&
  (pod.status.containerStatuses?.some(({ state }) => state?.running !== undefined) ?? false);

async function answers(scope: Scope, pods: readonly Pod[]): Promise<Map<string, StatusAnswer>> {
  const asked = pods.filter((pod) => pod.metadata?.labels?.[label.jobRole] === undefined && started(pod));
  if (asked.length === 0) return new Map();
  const { api, namespace, cluster, name, identity, signal, readStatus } = scope;
  const secret = await api.get<Secret>(
    resource.secrets,
    { namespace, name: secretNames(cluster).serverCa },
    { signal },
  );
  const authority = secretText(secret, 'ca.crt');
  if (authority === undefined) return new Map();
  const entries = await Promise.all(
    asked.map(async (pod) => {
      const address = pod.status?.podIP ?? '';
      const answer = await readStatus({ address, cluster: name, authority, identity, signal });
      return [pod.metadata?.name ?? '', answer] as const;
    }),
  );
  return new Map(entries);
}

/** Looks at everything that exists of the cluster. */
export async function observe(scope: Scope): Promise<World> {
  const [pods, claims, jobs] = await Promise.all([
    belonging<Pod>(scope, resource.pods),
    belonging<PersistentVolumeClaim>(scope, resource.persistentVolumeClaims),
    belonging<Job>(scope, resource.jobs),
  ]);
  const { api, namespace, name, owned, signal } = scope;
  const holderBefore = leadershipOf(owned.leases.get(namespace, name))?.holder;
  const answered = await answers(scope, pods);
  // Read from the server itself, and afterwards: what an instance says of itself is held against it.
  const lease = leadershipOf(await api.get<Lease>(resource.leases, { namespace, name }, { signal }));
  return {
    ...buildWorld(scope.cluster, { pods, claims, jobs, answers: answered }),
    ...(lease === undefined ? {} : { lease }),
    ...(holderBefore === undefined ? {} : { holderBefore }),
  };
}
