// May this postgres accept writes? Rules 1–6 and 9 of docs/ha-protocol.md. What ends postgres stands before what keeps it.
import { type Row, ruleTable } from '../protocol/rule-table.ts';

/** Times in milliseconds on this machine's clock that counts suspended time. */
export interface FenceFacts {
  readonly now: number;
  /** What the local postgres may do; a start as primary counts from the order to start. */
  readonly postgres: 'down' | 'standby' | 'primary';
  /** The lease as last read or written. */
  readonly lease: 'mine' | 'other' | 'released' | 'absent' | 'unknown';
  /** Start of the last renewal known to have succeeded + renewDeadline (rule 1); absent: none in the life of this machine. */
  readonly freshUntil?: number;
  /** A renewal is on its way. */
  readonly renewing: boolean;
  readonly lastAttempt?: number;
  readonly retryPeriod: number;
  /** The API server answered the last attempt, whatever it said. */
  readonly apiAnswers: boolean;
  /** Postgres answers and each of its volumes took a write in time, or an exception of rule 4 is in force. */
  readonly fit: boolean;
}

export type FenceState = 'idle' | 'armed' | 'tripped';
export type FenceAction =
  | { readonly type: 'stay' }
  /** SIGQUIT now, SIGKILL to every process half a second later (rule 2). */
  | { readonly type: 'end-postgres' }
  | { readonly type: 'renew' }
  /** A lease that was deleted is made again with our own epoch (rule 6). */
  | { readonly type: 'recreate' }
  /** A round of all members instead of the API server (§5, fail-safe). */
  | { readonly type: 'ask-for-hold' };

const stay = { type: 'stay' } as const;
const writer = (facts: FenceFacts): boolean => facts.postgres === 'primary';
const due = (facts: FenceFacts): boolean =>
  facts.lastAttempt === undefined || facts.now - facts.lastAttempt >= facts.retryPeriod;

export const fenceRows: readonly Row<FenceFacts, FenceState, FenceAction>[] = [
  { rule: 'no-writer', when: (f) => !writer(f), state: 'idle', action: stay },
  // Tested before anything else is done, also after a late tick of the timer (rule 3).
  {
    rule: 'renewal-deadline-passed',
    when: (f) => f.freshUntil !== undefined && f.now >= f.freshUntil,
    state: 'tripped',
    action: { type: 'end-postgres' },
  },
  { rule: 'lease-names-another', when: (f) => f.lease === 'other', state: 'tripped', action: { type: 'end-postgres' } },
  // Ours by nobody's word: after a release there is nothing that says we may go on.
  { rule: 'lease-released', when: (f) => f.lease === 'released', state: 'tripped', action: { type: 'end-postgres' } },
  { rule: 'renewal-under-way', when: (f) => f.renewing, state: 'armed', action: stay },
  { rule: 'unfit-does-not-renew', when: (f) => !f.fit, state: 'armed', action: stay },
  { rule: 'not-due-yet', when: (f) => !due(f), state: 'armed', action: stay },
  {
    rule: 'holder-recreates-the-lease',
    when: (f) => f.lease === 'absent' && f.freshUntil !== undefined,
    state: 'armed',
    action: { type: 'recreate' },
  },
  { rule: 'api-silent-ask-all-members', when: (f) => !f.apiAnswers, state: 'armed', action: { type: 'ask-for-hold' } },
  { rule: 'renew', when: () => true, state: 'armed', action: { type: 'renew' } },
];

export const fence = ruleTable('fence', 'idle', fenceRows);
