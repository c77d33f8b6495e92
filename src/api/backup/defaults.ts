import type { Backup } from '../generated/backup.ts';

/** A copy of the Backup with everything said that it leaves to us. Doing it again changes nothing. */
export function defaultBackup(backup: Backup): Backup {
  return { ...backup, spec: { ...backup.spec, method: backup.spec.method ?? 'barmanObjectStore' } };
}
