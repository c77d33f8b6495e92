// From the won lease to the first write: §5 of docs/ha-protocol.md, promotion 1–9, each step repeatable.
import { type Row, ruleTable } from '../protocol/rule-table.ts';

/** Times in milliseconds on this machine's clock. */
export interface PromotionFacts {
  readonly now: number;
  /** The role is being given away, or the container is to end. */
  readonly leaving: boolean;
  /** The lease, as last read or written, names this member in `epoch`. */
  readonly elected: boolean;
  readonly epoch: number;
  /** What is promised on disk. */
  readonly promised: number;
  /** Start of the last renewal known to have succeeded + renewDeadline. */
  readonly freshUntil?: number;
  readonly renewing: boolean;
  readonly holdUntil?: number;
  /** 'promoting': from the order on until it answers as a primary. */
  readonly postgres: 'down' | 'starting' | 'standby' | 'promoting' | 'primary' | 'stopping';
  /** Since when it is being promoted, and how long that may take (spec.postgresql.promotionTimeout). */
  readonly orderedAt?: number;
  readonly promotionTimeout: number;
  /** primary_conninfo is empty and no walreceiver process is left. */
  readonly receiverClosed: boolean;
  /** The old primary's pod: has the role label; it was taken off; it was tried once, in vain (200 ms). */
  readonly oldLabel: 'on' | 'off' | 'tried';
  /** synchronous_standby_names is what the claim has published, and it is in effect (rule 15). */
  readonly configurationInEffect: boolean;
  /** pg_wal holds a history file for every id between the timeline of the data and the epoch (rule 24). */
  readonly historiesPlanted: boolean;
  /** ha.json says `led = epoch, ownsLog`. */
  readonly ledPersisted: boolean;
  /** It was promoted in this epoch; else it was a primary before its claim and goes on, on the timeline that it has (rule 17). */
  readonly promoted: boolean;
  /** Timeline of the running primary. */
  readonly timeline?: number;
  readonly peersTold: boolean;
  readonly ownLabel: boolean;
  readonly statusWritten: boolean;
}

export type PromotionState = 'idle' | 'preparing' | 'promoting' | 'announcing' | 'leading' | 'failed';
export type PromotionAction =
  | { readonly type: 'stay' }
  | { readonly type: 'renew' }
  | { readonly type: 'close-receiver' }
  | { readonly type: 'take-label-off-old-primary' }
  | { readonly type: 'apply-configuration' }
  | { readonly type: 'plant-histories' }
  | { readonly type: 'persist-led' }
  | { readonly type: 'promote' }
  | { readonly type: 'tell-peers' }
  | { readonly type: 'set-own-label' }
  | { readonly type: 'write-status' }
  /** SIGQUIT, SIGKILL half a second later (rule 2). */
  | { readonly type: 'end-postgres' }
  /** PostgreSQL is on another timeline than the epoch's: stop, and say so (rule 24). */
  | { readonly type: 'stop-and-alarm' };

const stay = { type: 'stay' } as const;
const writes = (f: PromotionFacts): boolean => f.postgres === 'promoting' || f.postgres === 'primary';
const fresh = (f: PromotionFacts): boolean => f.freshUntil !== undefined && f.now < f.freshUntil;
const held = (f: PromotionFacts): boolean => f.holdUntil !== undefined && f.now < f.holdUntil;

export const promotionRows: readonly Row<PromotionFacts, PromotionState, PromotionAction>[] = [
  // Once it answers as a primary this is the fence's own decision, which comes first in every turn.
  {
    rule: 'lost-before-the-end',
    when: (f) => f.postgres === 'promoting' && (!f.elected || !fresh(f)),
    state: 'failed',
    action: { type: 'end-postgres' },
  },
  {
    rule: 'promotion-overdue',
    when: (f) => f.postgres === 'promoting' && f.now - (f.orderedAt ?? f.now) >= f.promotionTimeout,
    state: 'failed',
    action: { type: 'end-postgres' },
  },
  { rule: 'gives-the-role-away', when: (f) => f.leaving, state: 'idle', action: stay },
  { rule: 'not-elected', when: (f) => !f.elected, state: 'idle', action: stay },
  // Somebody was promised a higher epoch meanwhile: the next claim is not ours.
  { rule: 'promised-above', when: (f) => !writes(f) && f.promised !== f.epoch, state: 'idle', action: stay },
  { rule: 'hold-in-force', when: (f) => !writes(f) && held(f), state: 'idle', action: stay },
  { rule: 'renewal-under-way', when: (f) => !fresh(f) && f.renewing, state: 'preparing', action: stay },
  { rule: 'renew-first', when: (f) => !fresh(f), state: 'preparing', action: { type: 'renew' } },
  {
    rule: 'wrong-timeline',
    when: (f) => f.promoted && f.postgres === 'primary' && f.timeline !== undefined && f.timeline !== f.epoch,
    state: 'failed',
    action: { type: 'stop-and-alarm' },
  },

  {
    rule: 'wait-for-postgres',
    when: (f) => f.postgres === 'down' || f.postgres === 'starting' || f.postgres === 'stopping',
    state: 'preparing',
    action: stay,
  },
  {
    rule: 'close-receiver',
    when: (f) => !writes(f) && !f.receiverClosed,
    state: 'preparing',
    action: { type: 'close-receiver' },
  },
  {
    rule: 'take-label-off-old-primary',
    when: (f) => f.oldLabel === 'on' && !writes(f),
    state: 'preparing',
    action: { type: 'take-label-off-old-primary' },
  },
  {
    rule: 'apply-configuration',
    when: (f) => !writes(f) && !f.configurationInEffect,
    state: 'preparing',
    action: { type: 'apply-configuration' },
  },
  {
    rule: 'plant-histories',
    when: (f) => !writes(f) && !f.historiesPlanted,
    state: 'preparing',
    action: { type: 'plant-histories' },
  },
  {
    rule: 'persist-led',
    when: (f) => !writes(f) && !f.ledPersisted,
    state: 'preparing',
    action: { type: 'persist-led' },
  },
  { rule: 'promote', when: (f) => f.postgres === 'standby', state: 'promoting', action: { type: 'promote' } },
  {
    rule: 'wait-for-promotion',
    when: (f) => f.postgres === 'promoting' || f.timeline === undefined,
    state: 'promoting',
    action: stay,
  },
  { rule: 'tell-peers', when: (f) => !f.peersTold, state: 'announcing', action: { type: 'tell-peers' } },
  { rule: 'set-own-label', when: (f) => !f.ownLabel, state: 'announcing', action: { type: 'set-own-label' } },
  { rule: 'write-status', when: (f) => !f.statusWritten, state: 'announcing', action: { type: 'write-status' } },
  { rule: 'leads', when: () => true, state: 'leading', action: stay },
];

export const promotion = ruleTable('promotion', 'idle', promotionRows);
