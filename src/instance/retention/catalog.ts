import { type BackupInfo, endTimeline } from '../../objectstore/backup-info.ts';
import { readBackupInfo } from '../../objectstore/backup-info-object.ts';
import { baseDirectory, isBackupId } from '../../objectstore/layout.ts';
import type { KnownBackup, OtherBackup } from '../../objectstore/retention/plan.ts';
import { parseLsn } from '../../postgres/lsn.ts';
import { segmentNumber, segmentStart } from '../../postgres/wal-name.ts';
import type { Archive } from '../wal/archive-source.ts';

export interface RetentionCatalog {
  readonly backups: readonly KnownBackup[];
  readonly others: readonly OtherBackup[];
  readonly segmentSize: number;
}

export interface CatalogQuestion {
  readonly archive: Archive;
  readonly systemIdentifier: string;
  /** Ids that Backup objects say are being taken. */
  readonly active: ReadonlySet<string>;
  readonly now: Date;
  readonly signal: AbortSignal;
}

const defaultSegmentSize = 16 << 20;
/** What is left of a backup that never ended is not waited for longer. */
const abandonedMs = 7 * 86_400_000;

function known(id: string, info: BackupInfo): KnownBackup | undefined {
  const { endTime, beginXlog, endXlog, walSegmentSize = defaultSegmentSize } = info;
  if (!endTime || beginXlog === undefined || endXlog === undefined) return undefined;
  const beginLsn = segmentStart(segmentNumber(parseLsn(beginXlog), walSegmentSize), walSegmentSize);
  const parent = info.parentBackupId;
  return {
    id,
    ended: endTime,
    timeline: endTimeline(info),
    beginLsn,
    endLsn: parseLsn(endXlog),
    ...(parent !== undefined && { parent }),
  };
}

const begunAt = (id: string): number =>
  Date.parse(id.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)$/, '$1-$2-$3T$4:$5:$6Z'));

function unfinished({ active, now }: CatalogQuestion, id: string): OtherBackup | undefined {
  if (active.has(id)) return { id, reason: 'it is being taken' };
  if (isBackupId(id) && now.getTime() - begunAt(id) > abandonedMs) return undefined;
  return { id, reason: 'it has not ended, for all that is known' };
}

/** All that lies in base/, as retention sees it. */
export async function readRetentionCatalog(question: CatalogQuestion): Promise<RetentionCatalog> {
  const { archive, systemIdentifier, signal } = question;
  const directory = baseDirectory(archive.config.location);
  const backups: KnownBackup[] = [];
  const others: (OtherBackup | undefined)[] = [];
  let segmentSize = defaultSegmentSize;
  for await (const entry of archive.store.list(directory, { delimiter: '/', signal })) {
    if (entry.kind !== 'prefix') continue;
    const id = entry.prefix.slice(directory.length).replace(/\/$/, '');
    try {
      const info = await readBackupInfo(archive.store, archive.config.location, id, signal);
      if (info?.status !== 'DONE') {
        const other = unfinished(question, id);
        others.push(other && { ...other, parent: info?.parentBackupId });
        continue;
      }
      if (info.systemId !== undefined && info.systemId !== systemIdentifier) {
        others.push({ id, reason: `it is of another database, with system identifier ${info.systemId}` });
        continue;
      }
      const backup = known(id, info);
      if (backup) backups.push(backup);
      else others.push({ id, reason: 'its backup.info says too little' });
      segmentSize = info.walSegmentSize ?? segmentSize;
    } catch (error) {
      signal.throwIfAborted();
      others.push({ id, reason: `cannot be read: ${error instanceof Error ? error.message : String(error)}` });
    }
  }
  return { backups, others: others.filter((other) => other !== undefined), segmentSize };
}
