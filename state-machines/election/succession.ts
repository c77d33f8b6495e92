// Whose log is all there is, when a lease was given back or has changed hands: what a candidate asks before it stands. Pure, so that the
// models ask the same.
import { comparePositions } from '../protocol/position.ts';
import type { Position } from '../protocol/types.ts';

export interface Led {
  /** The data directory is a primary's: no standby.signal. */
  readonly primaryData: boolean;
  /** Highest epoch in which it has held the lease, or followed who did. */
  readonly epoch: number;
}

/** The lease as last read: its epoch, and whether it names this member, or was given back by it. */
export interface LastLease {
  readonly epoch: number;
  readonly ours: boolean;
}

/**
 * A directory that is a primary's goes on in a new epoch on its own timeline. That is right while nobody else had an epoch since: a
 * timeline that another has begun meanwhile, even with nothing on it that counts, compares as further (§1), and whoever has it
 * would be elected over those who have what is acknowledged now. So who was passed over becomes a standby first, and stands as one.
 * (Found by the model, M32.)
 */
export const passedOver = ({ primaryData, epoch }: Led, lease: LastLease): boolean =>
  primaryData && !lease.ours && lease.epoch > epoch;

/**
 * Asynchronous, the lease given back by one who closed its log at `end`: whoever lacks some of it leaves the lease alone for as long as
 * that one may come back with it; then it counts as lost (ADR 22). Milliseconds, or any other unit.
 */
export const lacksSome = (
  own: Position,
  end: Position | undefined,
  { unchangedFor, duration }: { readonly unchangedFor: number; readonly duration: number },
): boolean => end !== undefined && unchangedFor < duration && comparePositions(own, end) < 0;
