import type { Backup } from '../generated/backup.ts';
import { backup as backupKind } from '../kinds/backup.ts';
import { fits } from '../schema/fits.ts';

/** A copy of the Backup with everything said that it leaves to us. Doing it again changes nothing. */
export function defaultBackup(backup: Backup): Backup {
  if (backupKind.spec && !fits(backupKind.spec, backup.spec)) return backup;
  return { ...backup, spec: { ...backup.spec, method: backup.spec.method ?? 'barmanObjectStore' } };
}
