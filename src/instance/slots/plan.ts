// Which slots an instance is to have (reference §2.11): decided here, done in reconcile.ts.
import type { SlotWishes } from '../cluster/slot-wishes.ts';

/** A row of pg_replication_slots; temporary ones are nobody's business. */
export interface Slot {
  readonly name: string;
  readonly type: 'physical' | 'logical';
  readonly active: boolean;
  /** restart_lsn. */
  readonly lsn: string | null;
  /** Its WAL is gone: who streams from it must be made anew (or find the WAL in the archive). */
  readonly lost: boolean;
  /** Keeps rows from being vacuumed. */
  readonly holdsRows: boolean;
  /** Kept in step by PostgreSQL itself (17 and later). */
  readonly synced: boolean;
  readonly failover: boolean;
}

const ofInstances = ({ name, type }: Slot, { prefix }: SlotWishes): boolean =>
  type === 'physical' && name.startsWith(prefix);

const ofUsers = (slot: Slot, wishes: SlotWishes): boolean =>
  slot.type === 'physical' && !ofInstances(slot, wishes) && !wishes.excluded.some((pattern) => pattern.test(slot.name));

export interface PrimaryPlan {
  readonly create: readonly string[];
  /** Lost their WAL: only a new one holds any. */
  readonly renew: readonly string[];
  /** Of no instance; one that is about to be listed may come yet. */
  readonly orphans: readonly string[];
  /** Orphans that need not be waited for. */
  readonly drop: readonly string[];
}

export function planPrimary(present: readonly Slot[], wishes: SlotWishes): PrimaryPlan {
  const wanted = new Set(wishes.highAvailability ? wishes.others : []);
  const ours = present.filter((slot) => ofInstances(slot, wishes));
  const unwanted = ours.filter(({ name, active }) => !wanted.has(name) && !active).map(({ name }) => name);
  return {
    create: [...wanted].filter((name) => !present.some((slot) => slot.name === name)),
    renew: ours.filter(({ name, lost, active }) => wanted.has(name) && lost && !active).map(({ name }) => name),
    orphans: wishes.highAvailability && wishes.listed ? unwanted : [],
    // The own slot is left from the time as a standby.
    drop: wishes.highAvailability ? unwanted.filter((name) => name === wishes.own) : unwanted,
  };
}

export interface StandbyPlan {
  readonly create: readonly string[];
  /** As far as the primary's, if this server has got so far. */
  readonly advance: readonly { readonly name: string; readonly lsn: string }[];
  readonly drop: readonly string[];
}

export function planStandby(
  upstream: readonly Slot[],
  present: readonly Slot[],
  wishes: SlotWishes,
  major: number,
): StandbyPlan {
  const copied = (slot: Slot): boolean =>
    slot.name !== wishes.own &&
    slot.lsn !== null &&
    !slot.lost &&
    ((wishes.highAvailability && ofInstances(slot, wishes)) || (wishes.copied && ofUsers(slot, wishes)));
  const wanted = upstream.filter(copied);
  const useless = (slot: Slot): boolean =>
    slot.type === 'physical' ? uselessCopy(slot, wanted, wishes) : uselessLogical(slot, upstream, major);
  const drop = present.filter((slot) => !slot.active && useless(slot)).map(({ name }) => name);
  return {
    create: wanted.map(({ name }) => name).filter((name) => !present.some((slot) => slot.name === name)),
    advance: wanted.flatMap(({ name, lsn }) => (lsn === null || drop.includes(name) ? [] : [{ name, lsn }])),
    drop,
  };
}

/** A copy whose origin is gone, that lost its WAL, or that keeps rows for nobody; it is made anew if it is still wanted. */
function uselessCopy(slot: Slot, wanted: readonly Slot[], wishes: SlotWishes): boolean {
  const managed = ofInstances(slot, wishes) || (wishes.copied && ofUsers(slot, wishes));
  return managed && (!wanted.some(({ name }) => name === slot.name) || slot.lost || slot.holdsRows);
}

/**
 * Left from the time as a primary: its consumer is at the new one, and here it would keep WAL and rows for ever, or be in the way of
 * the copy that PostgreSQL makes itself. Before 16 a standby has no use for any.
 */
function uselessLogical(slot: Slot, upstream: readonly Slot[], major: number): boolean {
  if (slot.synced) return false;
  return major < 16 || slot.failover || upstream.some(({ name, type }) => type === 'logical' && name === slot.name);
}
