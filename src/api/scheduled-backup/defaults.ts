import type { ScheduledBackup } from '../generated/scheduled-backup.ts';
import { scheduledBackup as scheduledBackupKind } from '../kinds/scheduled-backup.ts';
import { fits } from '../schema/fits.ts';

/** A copy of the ScheduledBackup with everything said that it leaves to us. Doing it again changes nothing. */
export function defaultScheduledBackup(scheduled: ScheduledBackup): ScheduledBackup {
  const { spec } = scheduled;
  if (scheduledBackupKind.spec && !fits(scheduledBackupKind.spec, spec)) return scheduled;
  return {
    ...scheduled,
    spec: {
      ...spec,
      method: spec.method ?? 'barmanObjectStore',
      backupOwnerReference: spec.backupOwnerReference ?? 'none',
    },
  };
}
