import { endTimeline } from '../../objectstore/backup-info.ts';
import { parseLsn } from '../../postgres/lsn.ts';
import type { TimelineHistory } from '../../postgres/timeline.ts';
import { isAncestor } from '../../postgres/timeline.ts';
import type { Catalog, CatalogEntry } from '../backup/catalog.ts';
import { chainOf } from '../backup/chain.ts';
import { type RecoveryTarget, RecoveryRequestError, describeGoal, fieldOf, goalField } from './target.ts';

const endsBefore = (target: RecoveryTarget, { info }: CatalogEntry): boolean => {
  const { goal } = target;
  if (goal.kind === 'time') return info.endTime !== undefined && info.endTime <= goal.time;
  if (goal.kind === 'lsn') return info.endXlog !== undefined && parseLsn(info.endXlog) <= goal.lsn;
  return true;
};

const onHistory = (history: TimelineHistory | undefined, { info }: CatalogEntry): boolean =>
  history === undefined || isAncestor(history, endTimeline(info), parseLsn(info.endXlog ?? '0/0'));

/** The backup that the target names; undefined when it names none. */
export function askedBackup({ backups, unreadable }: Catalog, target: RecoveryTarget): CatalogEntry | undefined {
  if (target.backupId === undefined) return undefined;
  const asked = backups.find(({ id, info }) => id === target.backupId || info.backupName === target.backupId);
  if (asked) return asked;
  const damaged = unreadable.length > 0 ? `; not readable: ${unreadable.join('; ')}` : '';
  const known = backups.map(({ id }) => id).join(', ') || 'none';
  throw new RecoveryRequestError(
    `${fieldOf('backupID')}: there is no complete backup "${target.backupId}" in the archive, only ${known}${damaged}`,
  );
}

/**
 * The backup to start from: the one asked for, else the newest that was complete before the target (reference §2.6). `history` is
 * that of the asked timeline. Throws with a message that says what there is.
 */
export function chooseBackup(
  catalog: Catalog,
  target: RecoveryTarget,
  history: TimelineHistory | undefined,
): CatalogEntry {
  const { backups, unreadable } = catalog;
  const damaged = unreadable.length > 0 ? `; not readable: ${unreadable.join('; ')}` : '';
  if (backups.length === 0) throw new Error(`there is no complete backup in the archive${damaged}`);
  const asked = askedBackup(catalog, target);
  if (asked) return asked;
  const { kind } = target.goal;
  if (kind === 'name' || kind === 'xid' || kind === 'immediate') {
    throw new RecoveryRequestError(
      `${fieldOf('backupID')} must say which backup to start from when the target is ${describeGoal(target.goal)}`,
    );
  }
  const fitting = backups.filter(
    (entry) => endsBefore(target, entry) && onHistory(history, entry) && chainOf(catalog, entry).missing === undefined,
  );
  const best = fitting.at(-1);
  if (best) return best;
  const first = backups[0]?.info.endTime?.toISOString() ?? 'unknown';
  throw new RecoveryRequestError(
    `${goalField(target.goal)}: no backup in the archive was complete before ${describeGoal(target.goal)}` +
      `${history ? ` on timeline ${history.timeline}` : ''}; the earliest ended at ${first}${damaged}`,
  );
}
