// What an instance answers to the others' messages (docs/ha-protocol.md §3): pure, so that the model asks the very same functions.
import { comparePositions } from '../protocol/position.ts';
import type { Position } from '../protocol/types.ts';

/** What the receiver of a message knows of itself when it answers. Times in milliseconds on its own clock. */
export interface VoterFacts {
  readonly now: number;
  readonly member: boolean;
  readonly whole: boolean;
  /** Its postgres may accept writes. */
  readonly primary: boolean;
  readonly holdsLease: boolean;
  /** A claim of its own was sent and its outcome is not known. */
  readonly claiming: boolean;
  /** Promoting, from the claim until it serves. */
  readonly promoting: boolean;
  readonly promised: number;
  readonly holdUntil?: number;
  readonly paused: boolean;
  /** The test of a candidate, made by itself: the lease is released, or was seen unchanged for long enough (§5, prevote). */
  readonly wouldStand: boolean;
  /** The WAL receiver is gone for good and all local WAL is read, so that `position` can be trusted (rules 11, 12). */
  readonly receiverClosed: boolean;
  readonly position?: Position;
}

export type Refusal =
  | 'not-a-member'
  | 'hold-in-force'
  | 'epoch-not-above-promise'
  | 'candidate-behind'
  /** The end of the own log could not be found out in time. */
  | 'position-unknown'
  | 'lease-is-alive'
  | 'paused'
  | 'primary'
  | 'claiming'
  | 'holder'
  | 'promised-above';

export type Answer = { readonly granted: true } | { readonly granted: false; readonly reason: Refusal };
const granted = { granted: true } as const;
const refused = (reason: Refusal): Answer => ({ granted: false, reason });

const held = (facts: VoterFacts): boolean => facts.holdUntil !== undefined && facts.now < facts.holdUntil;

/** Would I stand, or let another stand, just now? Without side effects. */
export function answerPrevote(facts: VoterFacts): Answer {
  if (!facts.member) return refused('not-a-member');
  if (held(facts)) return refused('hold-in-force');
  if (facts.paused) return refused('paused');
  return facts.wouldStand ? granted : refused('lease-is-alive');
}

export type PromiseStep =
  | { readonly do: 'refuse'; readonly reason: Refusal }
  /** Stop the WAL receiver for good, close the restore gate, read all local WAL; then decide again (rule 11). */
  | { readonly do: 'close-receiver' }
  /** Persist `promised = epoch`, fsync, and only then answer. */
  | { readonly do: 'persist-and-grant'; readonly position: Position };

/**
 * A promise of `epoch` to a candidate at `candidate` (rule 11). A running primary is asked like anybody else and refuses; the
 * stopped one may be the only quorum there is (rules 13, 18).
 */
export function promiseStep(facts: VoterFacts, epoch: number, candidate: Position): PromiseStep {
  if (!facts.member) return { do: 'refuse', reason: 'not-a-member' };
  if (held(facts)) return { do: 'refuse', reason: 'hold-in-force' };
  if (facts.primary || facts.promoting) return { do: 'refuse', reason: 'primary' };
  if (facts.claiming) return { do: 'refuse', reason: 'claiming' };
  if (epoch <= facts.promised) return { do: 'refuse', reason: 'epoch-not-above-promise' };
  if (!facts.receiverClosed || facts.position === undefined) return { do: 'close-receiver' };
  if (comparePositions(candidate, facts.position) < 0) return { do: 'refuse', reason: 'candidate-behind' };
  return { do: 'persist-and-grant', position: facts.position };
}

/** A hold for the primary of `epoch` that cannot reach the API server (§5, fail-safe). Granted, it binds for leaseDuration. */
export function answerHold(facts: VoterFacts, epoch: number): Answer {
  if (facts.claiming) return refused('claiming');
  if (facts.holdsLease) return refused('holder');
  if (facts.primary || facts.promoting) return refused('primary');
  if (facts.promised > epoch) return refused('promised-above');
  return granted;
}
