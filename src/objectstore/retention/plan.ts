import type { Lsn } from '../../postgres/lsn.ts';
import { type TimelineHistory, isAncestor } from '../../postgres/timeline.ts';
import type { WalFile } from '../../postgres/wal-name.ts';
import type { RetentionPolicy } from './policy.ts';

/** A complete backup of the archive. */
export interface KnownBackup {
  readonly id: string;
  readonly ended: Date;
  readonly timeline: number;
  readonly endLsn: Lsn;
  /** Where the first segment that it needs begins. */
  readonly beginLsn: Lsn;
  /** The backup that an incremental one builds on. */
  readonly parent?: string;
}

/** Why something in base/ is no complete backup of ours, and what that means for WAL. */
export interface OtherBackup {
  readonly id: string;
  /** Being taken, unreadable, or of another database: nobody knows what WAL it needs. */
  readonly reason: string;
  readonly parent?: string | undefined;
}

export interface RetentionFacts {
  readonly policy: RetentionPolicy;
  readonly now: Date;
  readonly backups: readonly KnownBackup[];
  readonly others: readonly OtherBackup[];
  /** The history that the primary is on. */
  readonly history: TimelineHistory;
  /** Ids of backups that restores are reading. */
  readonly held: ReadonlySet<string>;
}

export type KeepReason = 'window' | 'anchor' | 'count' | 'newest' | 'restore' | 'chain';

export interface RetentionPlan {
  readonly keep: ReadonlyMap<string, KeepReason>;
  /** Newest first, so that nothing incremental outlives what it builds on. */
  readonly remove: readonly string[];
  /** WAL that begins before it can go; undefined: no WAL can. */
  readonly walBefore: Lsn | undefined;
  /** Why no WAL can go. */
  readonly walKept?: string;
}

const newestFirst = (a: KnownBackup, b: KnownBackup): number =>
  b.ended.getTime() - a.ended.getTime() || (a.id < b.id ? 1 : -1);

/**
 * Which backups go and up to where WAL does. The window needs each backup that ended within it and, to reach its beginning, the
 * newest before it that lies on the current history. Where there is doubt, more is kept.
 */
export function planRetention(facts: RetentionFacts): RetentionPlan {
  const { policy, now, history, held } = facts;
  const backups = [...facts.backups].sort(newestFirst);
  const keep = new Map<string, KeepReason>();
  const mark = (reason: KeepReason, ...kept: (KnownBackup | undefined)[]): void => {
    for (const backup of kept) if (backup && !keep.has(backup.id)) keep.set(backup.id, reason);
  };
  const current = backups.filter(({ timeline, endLsn }) => isAncestor(history, timeline, endLsn));
  mark('newest', backups[0], current[0]);
  if (policy.window !== undefined) {
    const begin = now.getTime() - policy.window;
    mark('window', ...backups.filter(({ ended }) => ended.getTime() > begin));
    const before = ({ ended }: KnownBackup): boolean => ended.getTime() <= begin;
    mark('anchor', current.find(before) ?? backups.find(before));
  }
  if (policy.count !== undefined) {
    const last = current[Math.min(policy.count, current.length) - 1] ?? backups.at(-1);
    mark('count', ...backups.filter(({ ended }) => last !== undefined && ended >= last.ended));
  }
  if (policy.window === undefined && policy.count === undefined) mark('window', ...backups);
  mark('restore', ...backups.filter(({ id }) => held.has(id)));
  const parents = new Set(facts.others.map(({ parent }) => parent));
  mark('chain', ...backups.filter(({ id }) => parents.has(id)));
  keepChains(backups, keep);
  const remove = backups.filter(({ id }) => !keep.has(id)).map(({ id }) => id);
  return { keep, remove, ...wal(facts, backups, keep) };
}

/** An incremental backup is worth nothing without those that it builds on. */
function keepChains(backups: readonly KnownBackup[], keep: Map<string, KeepReason>): void {
  const byId = new Map(backups.map((backup) => [backup.id, backup]));
  for (const id of [...keep.keys()]) {
    let parent = byId.get(id)?.parent;
    while (parent !== undefined && !keep.has(parent)) {
      keep.set(parent, 'chain');
      parent = byId.get(parent)?.parent;
    }
  }
}

function wal(
  { others }: RetentionFacts,
  backups: readonly KnownBackup[],
  keep: ReadonlyMap<string, KeepReason>,
): Pick<RetentionPlan, 'walBefore' | 'walKept'> {
  const [other] = others;
  if (other) return { walBefore: undefined, walKept: `${other.id}: ${other.reason}` };
  const needed = backups.filter(({ id }) => keep.has(id)).map(({ beginLsn }) => beginLsn);
  if (needed.length === 0) return { walBefore: undefined, walKept: 'there is no complete backup' };
  return { walBefore: needed.reduce((least, lsn) => (lsn < least ? lsn : least)) };
}

/** Whether a file of the archive holds nothing but WAL before `lsn`, on whatever timeline. History files stay: they tell ancestry. */
export function isExpired(file: WalFile, lsn: Lsn, segmentSize: number): boolean {
  if (file.kind === 'history') return false;
  const size = BigInt(segmentSize);
  const segment = file.log * (0x1_0000_0000n / size) + file.part;
  return (segment + 1n) * size <= lsn;
}
