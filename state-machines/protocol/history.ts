import type { Position } from './types.ts';

/** A timeline and the ones that it came from, each with the LSN at which it was left (PostgreSQL: a history file). */
export interface History {
  readonly timeline: number;
  readonly switches: readonly { readonly timeline: number; readonly end: bigint }[];
}

/**
 * Whether a log that ends at `position` is a beginning of the one with this history (rule 21). One that went on past the fork is
 * not, though its LSN may be smaller than the other's: PostgreSQL itself would take its word for what it has flushed.
 */
export function onHistory(position: Position, history: History): boolean {
  if (position.timeline === history.timeline) return true;
  const left = history.switches.find(({ timeline }) => timeline === position.timeline);
  return left !== undefined && position.lsn <= left.end;
}
