import { schedule as fire, type ScheduledTask } from 'node-cron';
import type { Backup } from '../../api/generated/backup.ts';
import type { ScheduledBackup } from '../../api/generated/scheduled-backup.ts';
import { WorkQueue } from '../../kube/queue.ts';
import { resource } from '../../kube/resource-types.ts';
import { splitKey, storeKey } from '../../kube/store.ts';
import { label } from '../../labels.ts';
import { createWatcher } from '../../kube/watcher.ts';
import type { ControllerOptions } from '../controller.ts';

interface ScheduleControllerOptions extends ControllerOptions {
  readonly now: () => Date;
}

const keyOf = ({ metadata }: ScheduledBackup): string => storeKey(metadata.namespace, metadata.name);
const clusterKeyOf = ({ metadata, spec }: ScheduledBackup): string => storeKey(metadata.namespace, spec.cluster.name);

/** What is long due waits for something that will be reported. */
const freshMs = 5_000;

function isDue({ spec, status }: ScheduledBackup, now: Date): boolean {
  if (spec.suspend === true || status?.nextScheduleTime === undefined) return false;
  const late = now.getTime() - Date.parse(status.nextScheduleTime);
  return late >= 0 && late < freshMs;
}

/** Follows schedules, and looks at each when it changes, when a backup of it does, and when its time has come. */
export function createScheduleController(options: ScheduleControllerOptions): {
  run(signal: AbortSignal): Promise<void>;
  clusterChanged(key: string): void;
} {
  const { api, namespaces, onWatchFailure } = options;
  const queue = new WorkQueue({
    workers: options.workers,
    handle: (key, signal) => options.reconcile(splitKey(key), signal),
    onError: options.onError,
    backOff: { initialMs: 500, maxMs: 5_000 },
  });
  const schedules = createWatcher<ScheduledBackup>(api, resource.scheduledBackups, namespaces, {
    indices: { cluster: (scheduled) => [clusterKeyOf(scheduled)] },
    onChange: ({ object }) => queue.add(keyOf(object)),
    onFailure: (error) => onWatchFailure('ScheduledBackup', error),
  });
  const children = createWatcher<Backup>(api, resource.backups, namespaces, {
    labelSelector: label.scheduledBackup,
    onChange: ({ object }) => {
      const parent = object.metadata.labels?.[label.scheduledBackup];
      if (parent !== undefined) queue.add(storeKey(object.metadata.namespace, parent));
    },
    onFailure: (error) => onWatchFailure('Backup', error),
  });
  const tick = (): void => {
    const now = options.now();
    for (const scheduled of schedules.store.list()) if (isDue(scheduled, now)) queue.add(keyOf(scheduled));
  };
  return {
    async run(signal) {
      // It fires, each second; what is due then is decided here.
      const ticking: ScheduledTask = fire('* * * * * *', tick, { noOverlap: true });
      try {
        await Promise.all([schedules.run(signal), children.run(signal), queue.run(signal)]);
      } finally {
        await ticking.destroy();
      }
    },
    clusterChanged(key) {
      for (const scheduled of schedules.store.byIndex('cluster', key)) {
        if (scheduled.status?.error !== undefined) queue.add(keyOf(scheduled));
      }
    },
  };
}
