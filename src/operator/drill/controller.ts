import type { Cluster } from '../../api/generated/cluster.ts';
import { WorkQueue } from '../../kube/queue.ts';
import { resource } from '../../kube/resource-types.ts';
import { splitKey, storeKey } from '../../kube/store.ts';
import { annotation } from '../../labels.ts';
import { createWatcher } from '../../kube/watcher.ts';
import type { ControllerOptions } from '../controller.ts';

/** The cluster whose drills are to be looked at when this one changes; undefined for most. */
function drilled({ metadata, status }: Cluster): string | undefined {
  const { namespace, name, annotations } = metadata;
  const of = annotations?.[annotation.drillOf];
  if (of !== undefined) return storeKey(namespace, of);
  const concerned = annotations?.[annotation.restoreDrill] !== undefined || status?.howdah?.restoreDrill !== undefined;
  return concerned ? storeKey(namespace, name) : undefined;
}

/** Follows the clusters that wish restore drills, and what is restored for these. */
export function createDrillController(options: ControllerOptions): { run(signal: AbortSignal): Promise<void> } {
  const { api, namespaces } = options;
  const queue = new WorkQueue({
    workers: options.workers,
    handle: (key, signal) => options.reconcile(splitKey(key), signal),
    onError: options.onError,
  });
  const clusters = createWatcher<Cluster>(api, resource.clusters, namespaces, {
    transform: ({ metadata, status }) =>
      ({ metadata, spec: {}, ...(status?.howdah && { status: { howdah: status.howdah } }) }) as Cluster,
    onChange: ({ object }) => {
      const key = drilled(object);
      if (key !== undefined) queue.add(key);
    },
    onFailure: (error) => options.onWatchFailure('Cluster', error),
  });
  return {
    run: async (signal) => {
      await Promise.all([clusters.run(signal), queue.run(signal)]);
    },
  };
}
