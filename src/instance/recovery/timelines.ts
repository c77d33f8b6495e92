import { endTimeline } from '../../objectstore/backup-info.ts';
import { type Lsn, parseLsn } from '../../postgres/lsn.ts';
import { type TimelineHistory, isAncestor } from '../../postgres/timeline.ts';
import type { Catalog, CatalogEntry } from '../backup/catalog.ts';
import type { Archive } from '../wal/archive-source.ts';
import { readHistory, timelines, timelinesOfSegments } from '../wal/archived-timelines.ts';
import { type RecoveryTarget, RecoveryRequestError, fieldOf } from './target.ts';

/** A log that ends where the backup does. */
const holds = (history: TimelineHistory, { info }: CatalogEntry): boolean =>
  isAncestor(history, endTimeline(info), lsnOf(info.endXlog));

const lsnOf = (text: string | undefined): Lsn => parseLsn(text ?? '0/0');

/** The timeline that recovery is to follow. */
export interface Following {
  readonly history: TimelineHistory;
  /** As PostgreSQL is told: `current` is the backup's own. */
  readonly setting: number | 'current';
}

/**
 * The timeline that was asked for, or the newest of the archive, which need not be the next number after the backup's. With
 * `asked`, a backup that is not on the newest one, the newest that it is on.
 */
export async function findHistory(
  origin: Archive,
  { target, catalog }: { target: RecoveryTarget; catalog: Pick<Catalog, 'backups'> },
  asked: CatalogEntry | undefined,
  signal: AbortSignal,
): Promise<Following> {
  const known = await timelines(origin, signal);
  if (target.timeline !== 'latest') {
    const found = await readHistory(origin, target.timeline, signal);
    if (found) return { history: found, setting: target.timeline };
    throw new RecoveryRequestError(
      `${fieldOf('targetTLI')}: the archive holds no history of timeline ${target.timeline}, only of ${known.join(', ')}`,
    );
  }
  // A backup on a timeline whose history was never archived: PostgreSQL takes it for the newest of all.
  const unheard = Math.max(...(asked ? [asked] : catalog.backups).map(({ info }) => endTimeline(info)), 1);
  for (const timeline of known) {
    if (timeline < unheard) break;
    const history = await readHistory(origin, timeline, signal);
    if (!history || (asked !== undefined && !holds(history, asked))) continue;
    if (target.goal.kind === 'latest') await refuseUnknown(origin, known, signal);
    return { history, setting: timeline };
  }
  return { history: { timeline: unheard, switches: [] }, setting: 'current' };
}

/** WAL of a timeline whose history is still to come: the end of the one before is not the end of the archive. Another try may find it. */
async function refuseUnknown(origin: Archive, known: readonly number[], signal: AbortSignal): Promise<void> {
  const newest = Math.max(...(await timelinesOfSegments(origin, signal)), 1);
  if (newest <= Math.max(...known)) return;
  throw new Error(
    `the archive holds WAL of timeline ${newest} and not its history; ${fieldOf('targetTLI')} can be ${known.join(', ')}`,
  );
}
