import { type Lsn, parseLsn } from './lsn.ts';

/** What a backup_label file says (PostgreSQL documentation, "Making an Exclusive Low-Level Backup"; xlogbackup.c). */
export interface BackupLabel {
  readonly start: Lsn;
  readonly startWal: string;
  readonly checkpoint: Lsn;
  readonly timeline: number;
  readonly fromStandby: boolean;
  readonly startTime: string;
  readonly label: string;
}

export function parseBackupLabel(text: string): BackupLabel {
  const field = (name: string): string => {
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${name}: `));
    if (line === undefined) throw new Error(`backup_label has no line "${name}"`);
    return line.slice(name.length + 2);
  };
  const location = /^(\S+) \(file ([0-9A-F]{24})\)$/.exec(field('START WAL LOCATION'));
  if (!location) throw new Error('backup_label: cannot read START WAL LOCATION');
  const startWal = location[2] ?? '';
  return {
    start: parseLsn(location[1] ?? ''),
    startWal,
    checkpoint: parseLsn(field('CHECKPOINT LOCATION')),
    timeline: Number.parseInt(startWal.slice(0, 8), 16),
    fromStandby: field('BACKUP FROM') === 'standby',
    startTime: field('START TIME'),
    label: field('LABEL'),
  };
}
