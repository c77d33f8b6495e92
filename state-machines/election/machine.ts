// The way of one standby to the lease: prevote, candidacy, claim. Rules 5–8, 13, 14, 17 and §5 of docs/ha-protocol.md.
import { type Row, ruleTable } from '../protocol/rule-table.ts';

/** Times in milliseconds on this machine's clock. Every fact is anew what was seen last; nothing is assumed of silence. */
export interface ElectionFacts {
  readonly now: number;
  readonly mode: 'sync' | 'async';
  /** The lease's list has this instance with this incarnation. */
  readonly member: boolean;
  /** Data complete and replaying: not cloning, rewinding, broken, or fenced by the user. */
  readonly whole: boolean;
  /** The last call to the API server succeeded. */
  readonly apiAnswers: boolean;
  readonly paused: boolean;
  /** A hold that this instance granted is in force until then. */
  readonly holdUntil?: number;
  readonly lease: 'mine' | 'held' | 'released' | 'absent';
  /**
   * What follows from a claim has been done in the lease's epoch. False where the answer to it was lost, or came to a process before
   * this one, and the lease is ours all the same.
   */
  readonly entered: boolean;
  /** How long this process itself has seen the lease unchanged (uid and version; rule 5). */
  readonly unchangedFor: number;
  /** In sync max(2r, 3 s), in async leaseDuration; the same for an absent lease always leaseDuration (rule 6). */
  readonly patience: number;
  /** A lease that was not renewed for so long is overdue, though no more than a moment (sync). */
  readonly overdue: number;
  /** So many questions in a row were answered neither by the holder's manager nor by the machine that its server is on (sync). */
  readonly unansweredPulses: number;
  /** spec.failoverDelay not yet over (async). */
  readonly delayed: boolean;
  /** The holder's manager answers as a healthy primary (async). */
  readonly holderAnswers: boolean;
  /** Something says that the API was restored from a backup, and not every member has answered (rule 8). */
  readonly leaseInDoubt: boolean;
  /** Own place among the positions that were answered: ties go to the lower serial, others wait for two seconds. */
  readonly standing: 'unknown' | 'first' | 'behind';
  /** Of those who answered and itself enough are there for every configuration in the lease (sync); always true in async. */
  readonly quorumInReach: boolean;
  readonly backOffUntil?: number;
  readonly candidacy?: Candidacy;
}

export interface Candidacy {
  readonly epoch: number;
  readonly prevote: 'unasked' | 'asked' | 'granted' | 'refused';
  /** Our own promise of the epoch is on disk. */
  readonly promised: boolean;
  /** The promises at hand suffice for every configuration that the lease held when last read (sync); always true in async. */
  readonly quorum: boolean;
  /**
   * The lease is not the one that it began with: somebody was faster, even if he has gone since. (In sync a renewal alone does not
   * count, an epoch that is not below ours does.) The model finds two promotions in one epoch without this.
   */
  readonly overtaken: boolean;
  /** A promise was refused for good: somebody is ahead or has promised a higher epoch. */
  readonly refused: boolean;
  /** Two seconds without a quorum (rule 17). */
  readonly timedOut: boolean;
  readonly claim: 'unsent' | 'sent' | 'answer-lost' | 'lost';
}

export type ElectionState = 'following' | 'canvassing' | 'candidate' | 'claiming' | 'elected';
export type ElectionAction =
  | { readonly type: 'stay' }
  | { readonly type: 'ask-positions' }
  | { readonly type: 'ask-prevotes' }
  /** Chooses the epoch (rule 7), closes the receiver, takes the position, fsyncs the own promise (rule 11). */
  | { readonly type: 'promise-to-self' }
  | { readonly type: 'ask-promises' }
  /** Compare-and-swap of the lease, tested against the configurations in it at that moment (rules 13, 14). */
  | { readonly type: 'claim' }
  /** The claim was done: this instance holds the lease from the moment at which it was sent (rule 1). */
  | { readonly type: 'enter' }
  | { readonly type: 'read-back' }
  | { readonly type: 'give-up' };

/** As many unanswered pulses as make a holder silent: no more than one of them can be the fault of a pause of our own. */
export const silence = 4;

export type PatienceFacts = Pick<
  ElectionFacts,
  'mode' | 'lease' | 'unchangedFor' | 'patience' | 'overdue' | 'unansweredPulses'
>;

/** Sync only: there a quorum decides, and waiting has no other use than to spare a holder that is there (§5, prevote). */
const holderIsSilent = (f: PatienceFacts): boolean =>
  f.mode === 'sync' && f.lease === 'held' && f.unansweredPulses >= silence && f.unchangedFor >= f.overdue;

/** The lease was seen still for long enough, by candidate and peers alike. */
export const waitedEnough = (f: PatienceFacts): boolean =>
  f.lease === 'released' || f.unchangedFor >= f.patience || holderIsSilent(f);

const stay = { type: 'stay' } as const;
const giveUp = { type: 'give-up' } as const;
const held = (f: ElectionFacts): boolean => f.holdUntil !== undefined && f.now < f.holdUntil;
/** A reason not to stand, or to stand down before a claim is sent. */
const unfit = (f: ElectionFacts): boolean => !f.member || !f.whole || f.paused || held(f) || f.leaseInDoubt;

export const electionRows: readonly Row<ElectionFacts, ElectionState, ElectionAction>[] = [
  // Whoever brought the word of it. Given up meanwhile, it may have granted a hold, which is kept (M29).
  {
    rule: 'claim-was-done',
    when: (f) => f.lease === 'mine' && !f.entered && f.candidacy?.claim !== 'sent' && !held(f),
    state: 'elected',
    action: { type: 'enter' },
  },
  { rule: 'holds-the-lease', when: (f) => f.lease === 'mine', state: 'elected', action: stay },
  // What was sent may have been done: nothing else is decided until its outcome is known (§5, election 5 and 6).
  { rule: 'claim-under-way', when: (f) => f.candidacy?.claim === 'sent', state: 'claiming', action: stay },
  {
    rule: 'claim-answer-lost',
    when: (f) => f.candidacy?.claim === 'answer-lost',
    state: 'claiming',
    action: { type: 'read-back' },
  },
  { rule: 'claim-lost', when: (f) => f.candidacy?.claim === 'lost', state: 'following', action: giveUp },

  { rule: 'stand-down-unfit', when: (f) => f.candidacy !== undefined && unfit(f), state: 'following', action: giveUp },
  { rule: 'stand-down-overtaken', when: (f) => f.candidacy?.overtaken === true, state: 'following', action: giveUp },
  { rule: 'stand-down-refused', when: (f) => f.candidacy?.refused === true, state: 'following', action: giveUp },
  { rule: 'stand-down-prevote', when: (f) => f.candidacy?.prevote === 'refused', state: 'following', action: giveUp },
  { rule: 'stand-down-timed-out', when: (f) => f.candidacy?.timedOut === true, state: 'following', action: giveUp },

  { rule: 'not-a-member', when: (f) => !f.member, state: 'following', action: stay },
  { rule: 'data-not-whole', when: (f) => !f.whole, state: 'following', action: stay },
  { rule: 'elections-paused', when: (f) => f.paused, state: 'following', action: stay },
  { rule: 'hold-in-force', when: held, state: 'following', action: stay },
  { rule: 'lease-in-doubt', when: (f) => f.leaseInDoubt, state: 'following', action: stay },
  { rule: 'api-silent', when: (f) => !f.apiAnswers, state: 'following', action: stay },
  { rule: 'lease-held', when: (f) => !waitedEnough(f), state: 'following', action: stay },
  { rule: 'failover-delayed', when: (f) => f.mode === 'async' && f.delayed, state: 'following', action: stay },
  {
    rule: 'holder-answers',
    when: (f) => f.mode === 'async' && f.lease === 'held' && f.holderAnswers,
    state: 'following',
    action: stay,
  },
  {
    rule: 'backing-off',
    when: (f) => f.candidacy === undefined && f.backOffUntil !== undefined && f.now < f.backOffUntil,
    state: 'following',
    action: stay,
  },

  {
    rule: 'holder-is-silent',
    when: (f) => f.standing === 'unknown' && f.unchangedFor < f.patience && holderIsSilent(f),
    state: 'canvassing',
    action: { type: 'ask-positions' },
  },
  {
    rule: 'ask-where-all-are',
    when: (f) => f.standing === 'unknown',
    state: 'canvassing',
    action: { type: 'ask-positions' },
  },
  {
    rule: 'another-is-ahead',
    when: (f) => f.candidacy === undefined && f.standing === 'behind',
    state: 'following',
    action: stay,
  },
  {
    rule: 'quorum-out-of-reach',
    when: (f) => f.candidacy === undefined && !f.quorumInReach,
    state: 'following',
    action: stay,
  },
  {
    rule: 'ask-for-prevotes',
    when: (f) => f.candidacy === undefined || f.candidacy.prevote === 'unasked',
    state: 'canvassing',
    action: { type: 'ask-prevotes' },
  },
  { rule: 'prevotes-under-way', when: (f) => f.candidacy?.prevote === 'asked', state: 'canvassing', action: stay },
  {
    rule: 'promise-to-self',
    when: (f) => f.candidacy?.promised === false,
    state: 'candidate',
    action: { type: 'promise-to-self' },
  },
  {
    rule: 'ask-for-promises',
    when: (f) => f.candidacy?.quorum === false,
    state: 'candidate',
    action: { type: 'ask-promises' },
  },
  { rule: 'claim-the-lease', when: () => true, state: 'claiming', action: { type: 'claim' } },
];

export const election = ruleTable('election', 'following', electionRows);
