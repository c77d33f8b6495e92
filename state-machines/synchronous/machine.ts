// A change of the synchronous set: rule 19 (a)–(e) of docs/ha-protocol.md as one re-entrant decision of the primary. A claim's own
// configuration takes the same way out of the list.
import { type Row, ruleTable } from '../protocol/rule-table.ts';

export interface SetFacts {
  /** Serves as primary, and the lease is its own in its epoch. */
  readonly leads: boolean;
  /** A compare-and-swap of the list is on its way, or its answer was lost and it was not read back. */
  readonly swapping: boolean;
  /** The set that the spec and the standbys ask for is the newest in the list (by incarnations, not by names alone). */
  readonly wantedIsListed: boolean;
  /** Configurations in the list. */
  readonly listed: number;
  /** Fewer names of the newest stream than it asks for: as things are it acknowledges nothing, and its barrier is not passed. */
  readonly blocked?: boolean;
  /** ALTER SYSTEM and reload were done for the newest in the list. */
  readonly applied: boolean;
  /** A session opened after the reload shows it, and each walsender of before has gone or has replied twice (c). */
  readonly inEffect: boolean;
  /** The flush LSN was read, after it was in effect. */
  readonly barrierRead: boolean;
  /** W of its names have flushed past it (d); W = 0: always. */
  readonly barrierPassed: boolean;
}

export type SetState = 'idle' | 'changing' | 'settling' | 'settled';
export type SetAction =
  | { readonly type: 'stay' }
  /** (a) Compare-and-swap the wanted set into the list, and its members into the list of members. */
  | { readonly type: 'publish' }
  /** (b) */
  | { readonly type: 'apply' }
  | { readonly type: 'look-whether-in-effect' }
  | { readonly type: 'read-barrier' }
  | { readonly type: 'look-at-barrier' }
  /** (e) Compare-and-swap all but the newest out of the list. */
  | { readonly type: 'retire-older' };

/**
 * So many may be listed before an older change must end: each of them is one more quorum that a claim needs. One that cannot end is not
 * waited for: only a newer one lets commits go on.
 */
export const mostListed = 4;
const stay = { type: 'stay' } as const;

export const setRows: readonly Row<SetFacts, SetState, SetAction>[] = [
  { rule: 'does-not-lead', when: (f) => !f.leads, state: 'idle', action: stay },
  { rule: 'swap-under-way', when: (f) => f.swapping, state: 'changing', action: stay },
  {
    rule: 'publish-before-anything',
    when: (f) => !f.wantedIsListed && (f.listed < mostListed || f.blocked === true),
    state: 'changing',
    action: { type: 'publish' },
  },
  { rule: 'apply-the-newest', when: (f) => !f.applied, state: 'changing', action: { type: 'apply' } },
  {
    rule: 'wait-until-in-effect',
    when: (f) => f.listed > 1 && !f.inEffect,
    state: 'settling',
    action: { type: 'look-whether-in-effect' },
  },
  {
    rule: 'read-barrier',
    when: (f) => f.listed > 1 && !f.barrierRead,
    state: 'settling',
    action: { type: 'read-barrier' },
  },
  {
    rule: 'wait-for-barrier',
    when: (f) => f.listed > 1 && !f.barrierPassed,
    state: 'settling',
    action: { type: 'look-at-barrier' },
  },
  { rule: 'retire-older', when: (f) => f.listed > 1, state: 'settling', action: { type: 'retire-older' } },
  { rule: 'settled', when: () => true, state: 'settled', action: stay },
];

export const synchronousSet = ruleTable('synchronous', 'idle', setRows);
