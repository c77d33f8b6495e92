// A planned change of the primary: §5 of docs/ha-protocol.md, switchover. The operator chooses, orders the stop and keeps the
// deadline; who becomes primary is elected among those that have everything after the old one has stopped (M30).
import { type Row, ruleTable } from '../protocol/rule-table.ts';

/** Times in milliseconds since 1970: the order and its deadline are kept in Cluster.status. */
export interface SwitchoverFacts {
  readonly now: number;
  /** A switchover is wished: to one (kubectl), or to whoever fits (drain, roll-out). */
  readonly wish: 'none' | 'named' | 'any';
  /** Why the wish cannot be granted, by choose.ts; absent when there is a target. */
  readonly refusal?: string;
  /** The order is in status: the old primary, the target, the deadline. */
  readonly ordered: boolean;
  readonly deadline?: number;
  readonly poolersPaused: boolean;
  readonly hasPoolers: boolean;
  /** The old primary of the order: its postgres. */
  readonly oldPostgres: 'running' | 'stopped' | 'unknown';
  /** Holder of the lease: the old one, nobody, or another; and whether that one serves as primary. */
  readonly holder: 'old' | 'nobody' | 'other';
  readonly holderServes: boolean;
  /** The old primary has promised to a candidate: its `led` is cleared, it cannot start again by itself (rule 18). */
  readonly oldPromised: boolean;
}

export type SwitchoverState = 'none' | 'refused' | 'ordered' | 'electing' | 'returning' | 'resuming';
export type SwitchoverAction =
  | { readonly type: 'stay' }
  | { readonly type: 'refuse' }
  /** One patch of status: target, old primary, deadline, phase `Switchover in progress`. */
  | { readonly type: 'order' }
  | { readonly type: 'pause-poolers' }
  /** targetPrimary := target; the old primary's manager stops postgres and keeps the lease: smart, fast, immediate by the deadline. */
  | { readonly type: 'order-stop' }
  /** targetPrimary := old primary: it starts again with its lease, epoch and timeline. */
  | { readonly type: 'order-return' }
  | { readonly type: 'resume-poolers' }
  /** The order leaves status; the phase is healthy. */
  | { readonly type: 'close-order' };

const stay = { type: 'stay' } as const;
const late = (f: SwitchoverFacts): boolean => f.deadline !== undefined && f.now >= f.deadline;
const over = (f: SwitchoverFacts): boolean => f.ordered && f.holder === 'other' && f.holderServes;

export const switchoverRows: readonly Row<SwitchoverFacts, SwitchoverState, SwitchoverAction>[] = [
  {
    rule: 'resume-poolers',
    when: (f) => (over(f) || !f.ordered) && f.poolersPaused,
    state: 'resuming',
    action: { type: 'resume-poolers' },
  },
  { rule: 'another-leads', when: over, state: 'resuming', action: { type: 'close-order' } },
  {
    rule: 'returned',
    when: (f) => f.ordered && late(f) && f.holder === 'old' && f.holderServes && f.poolersPaused,
    state: 'returning',
    action: { type: 'resume-poolers' },
  },
  {
    rule: 'old-primary-is-back',
    when: (f) => f.ordered && late(f) && f.holder === 'old' && f.holderServes,
    state: 'returning',
    action: { type: 'close-order' },
  },
  {
    rule: 'no-candidate-in-time',
    when: (f) => f.ordered && late(f) && f.holder === 'old' && f.oldPostgres === 'stopped' && !f.oldPromised,
    state: 'returning',
    action: { type: 'order-return' },
  },
  // It promised, or the lease is free: only an election can end it now.
  { rule: 'wait-for-election', when: (f) => f.ordered && late(f), state: 'electing', action: stay },
  {
    rule: 'pause-poolers',
    when: (f) => f.ordered && f.hasPoolers && !f.poolersPaused && f.oldPostgres === 'running',
    state: 'ordered',
    action: { type: 'pause-poolers' },
  },
  {
    rule: 'stop-the-old-primary',
    when: (f) => f.ordered && f.oldPostgres === 'running',
    state: 'ordered',
    action: { type: 'order-stop' },
  },
  { rule: 'candidates-stand', when: (f) => f.ordered, state: 'electing', action: stay },
  { rule: 'nothing-wished', when: (f) => f.wish === 'none', state: 'none', action: stay },
  { rule: 'refused', when: (f) => f.refusal !== undefined, state: 'refused', action: { type: 'refuse' } },
  { rule: 'order', when: () => true, state: 'ordered', action: { type: 'order' } },
];

export const switchover = ruleTable('switchover', 'none', switchoverRows);
