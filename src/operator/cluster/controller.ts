import { objectStoreNames } from '../../api/cluster/plugin-store.ts';
import type { Cluster } from '../../api/generated/cluster.ts';
import type { ObjectStore } from '../../api/generated/object-store.ts';
import type {
  Lease,
  Node,
  PodDisruptionBudget,
  Role,
  RoleBinding,
  Secret,
  Service,
  ServiceAccount,
} from '../../kube/objects.ts';
import { WorkQueue, type RunResult } from '../../kube/queue.ts';
import { resource } from '../../kube/resource-types.ts';
import { splitKey, storeKey } from '../../kube/store.ts';
import type { KubeObject, ResourceType } from '../../kube/types.ts';
import { label } from '../../labels.ts';
import { createWatcher, type Watcher } from '../../kube/watcher.ts';
import type { ControllerOptions } from '../controller.ts';
import type { OwnedObjects } from './owned-objects.ts';

export interface ClusterControllerOptions extends Omit<ControllerOptions, 'reconcile'> {
  readonly reconcile: (
    key: { namespace: string; name: string },
    owned: OwnedObjects,
    signal: AbortSignal,
  ) => Promise<RunResult | undefined>;
  /** Told of every change that concerns a cluster, for controllers of other kinds that follow clusters. */
  readonly onClusterChange?: (key: string) => void;
}

/** The cluster that an object belongs to by its label. */
const clusterKey = ({ metadata }: KubeObject): string | undefined => {
  const name = metadata?.labels?.[label.cluster];
  return name === undefined ? undefined : storeKey(metadata?.namespace, name);
};

/** Of nodes only what drains and failure domains are known by is kept, and only its change wakes anybody. */
function watchNodes({ api, onWatchFailure }: ClusterControllerOptions, onNodeChange: () => void): Watcher<Node> {
  const seen = new Map<string, string>();
  return createWatcher<Node>(api, resource.nodes, [], {
    transform: ({ metadata, spec }) => ({
      metadata: { name: metadata?.name ?? '', labels: metadata?.labels ?? {} },
      spec: {
        ...(spec?.unschedulable === undefined ? {} : { unschedulable: spec.unschedulable }),
        ...(spec?.taints === undefined ? {} : { taints: spec.taints }),
      },
    }),
    onChange: ({ type, object }) => {
      const name = object.metadata?.name ?? '';
      const before = seen.get(name);
      const now = type === 'deleted' ? 'gone' : JSON.stringify([object.spec ?? {}, object.metadata?.labels ?? {}]);
      seen.set(name, now);
      if (before !== undefined && before !== now) onNodeChange();
    },
    onFailure: (error) => onWatchFailure(resource.nodes.kind, error),
  });
}

/** Follows clusters and everything that belongs to them, and reconciles each one that something happened to. */
export function createClusterController(options: ClusterControllerOptions): {
  run(signal: AbortSignal): Promise<void>;
} {
  const { api, namespaces } = options;
  const onFailure = (type: ResourceType) => (error: unknown) => options.onWatchFailure(type.kind, error);
  const wake = (key: string | undefined): void => {
    if (key === undefined) return;
    queue.add(key);
    options.onClusterChange?.(key);
  };
  const owned = <T extends KubeObject>(type: ResourceType): Watcher<T> =>
    createWatcher<T>(api, type, namespaces, {
      labelSelector: label.cluster,
      onChange: ({ object }) => wake(clusterKey(object)),
      onFailure: onFailure(type),
    });
  const clusters = createWatcher<Cluster>(api, resource.clusters, namespaces, {
    onChange: ({ object }) => wake(storeKey(object.metadata.namespace, object.metadata.name)),
    onFailure: onFailure(resource.clusters),
  });
  // Only Secrets that ask for it are watched, and only that they changed is kept of them.
  const secrets = createWatcher<Secret>(api, resource.secrets, namespaces, {
    labelSelector: label.reload,
    transform: ({ metadata }) => (metadata === undefined ? {} : { metadata }),
    onChange: ({ object }) => {
      const key = clusterKey(object);
      if (key !== undefined) return wake(key);
      for (const { metadata } of clusters.store.list(object.metadata?.namespace)) {
        wake(storeKey(metadata.namespace, metadata.name));
      }
    },
    onFailure: onFailure(resource.secrets),
  });
  const nodes = watchNodes(options, () => {
    for (const { metadata } of clusters.store.list()) wake(storeKey(metadata.namespace, metadata.name));
  });
  // Beside the others: an API server without the plugin's kind must not hold up clusters.
  const objectStores = createWatcher<ObjectStore>(api, resource.objectStores, namespaces, {
    transform: ({ metadata, spec }) => ({ metadata, spec }),
    onChange: ({ object }) => {
      const { namespace, name } = object.metadata;
      for (const cluster of clusters.store.list(namespace)) {
        if (objectStoreNames(cluster).includes(name)) wake(storeKey(namespace, cluster.metadata.name));
      }
    },
    onFailure: onFailure(resource.objectStores),
  });
  const stores = {
    services: owned<Service>(resource.services),
    serviceAccounts: owned<ServiceAccount>(resource.serviceAccounts),
    roles: owned<Role>(resource.roles),
    roleBindings: owned<RoleBinding>(resource.roleBindings),
    budgets: owned<PodDisruptionBudget>(resource.podDisruptionBudgets),
    leases: owned<Lease>(resource.leases),
  };
  const triggers = [owned(resource.pods), owned(resource.persistentVolumeClaims), owned(resource.jobs)];
  const ownedObjects: OwnedObjects = {
    services: stores.services.store,
    serviceAccounts: stores.serviceAccounts.store,
    roles: stores.roles.store,
    roleBindings: stores.roleBindings.store,
    budgets: stores.budgets.store,
    leases: stores.leases.store,
    nodes: nodes.store,
  };
  const queue = new WorkQueue({
    workers: options.workers,
    handle: (key, signal) => options.reconcile(splitKey(key), ownedObjects, signal),
    onError: options.onError,
    backOff: { initialMs: 200, maxMs: 30_000 },
  });
  return {
    run: async (signal) => {
      const watchers: Watcher<unknown>[] = [clusters, secrets, nodes, ...Object.values(stores), ...triggers];
      const running = [...watchers, objectStores].map((watcher) => watcher.run(signal));
      // The comparisons need the whole picture; what was woken meanwhile waits in the queue.
      await Promise.all(watchers.map((watcher) => watcher.whenSynced(signal))).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
      await Promise.all([queue.run(signal), ...running]);
    },
  };
}
