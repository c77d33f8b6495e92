import type { Backup } from '../../api/generated/backup.ts';
import { WorkQueue } from '../../kube/queue.ts';
import { resource } from '../../kube/resource-types.ts';
import { splitKey, storeKey } from '../../kube/store.ts';
import { createWatcher } from '../../kube/watcher.ts';
import type { ControllerOptions } from '../controller.ts';
import { isActive, isWaiting } from './choose.ts';

export interface BackupController {
  run(signal: AbortSignal): Promise<void>;
  /** Something happened to a cluster: its backups are looked at if any is not done. */
  clusterChanged(key: string): void;
}

const keyOf = ({ metadata, spec }: Backup): string => storeKey(metadata.namespace, spec.cluster.name);

export function createBackupController(options: ControllerOptions): BackupController {
  const queue = new WorkQueue({
    workers: options.workers,
    handle: (key, signal) => options.reconcile(splitKey(key), signal),
    onError: options.onError,
  });
  const backups = createWatcher<Backup>(options.api, resource.backups, options.namespaces, {
    indices: { cluster: (backup) => [keyOf(backup)] },
    onChange: ({ object }) => queue.add(keyOf(object)),
    onFailure: (error) => options.onWatchFailure('Backup', error),
  });
  return {
    run: async (signal) => {
      await Promise.all([backups.run(signal), queue.run(signal)]);
    },
    clusterChanged: (key) => {
      if (backups.store.byIndex('cluster', key).some((backup) => isActive(backup) || isWaiting(backup))) queue.add(key);
    },
  };
}
