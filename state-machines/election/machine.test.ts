import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Candidacy, type ElectionFacts, election, electionRows, silence } from './machine.ts';

const aCandidacy = (over: Partial<Candidacy> = {}): Candidacy => ({
  epoch: 2,
  prevote: 'granted',
  promised: true,
  quorum: true,
  overtaken: false,
  refused: false,
  timedOut: false,
  claim: 'unsent',
  ...over,
});
const someFacts = (over: Partial<ElectionFacts> = {}): ElectionFacts => ({
  now: 100_000,
  mode: 'sync',
  member: true,
  whole: true,
  apiAnswers: true,
  paused: false,
  lease: 'held',
  entered: true,
  unchangedFor: 4000,
  patience: 4000,
  overdue: 2500,
  unansweredPulses: 0,
  delayed: false,
  holderAnswers: false,
  leaseInDoubt: false,
  standing: 'first',
  quorumInReach: true,
  ...over,
});
const standing = (over: Partial<Candidacy> = {}): Partial<ElectionFacts> => ({ candidacy: aCandidacy(over) });

const table: [rule: string, state: string, action: string, facts: Partial<ElectionFacts>][] = [
  ['claim-was-done', 'elected', 'enter', { lease: 'mine', entered: false, ...standing({ claim: 'answer-lost' }) }],
  ['claim-was-done', 'elected', 'enter', { lease: 'mine', entered: false, ...standing({ claim: 'lost' }) }],
  ['claim-was-done', 'elected', 'enter', { lease: 'mine', entered: false, apiAnswers: false }],
  ['claim-was-done', 'elected', 'enter', { lease: 'mine', entered: false, holdUntil: 100_000 }],
  ['holds-the-lease', 'elected', 'stay', { lease: 'mine', entered: false, holdUntil: 100_001 }],
  ['holds-the-lease', 'elected', 'stay', { lease: 'mine', entered: false, ...standing({ claim: 'sent' }) }],
  ['holds-the-lease', 'elected', 'stay', { lease: 'mine' }],
  ['claim-answer-lost', 'claiming', 'read-back', { entered: false, ...standing({ claim: 'answer-lost' }) }],
  ['claim-under-way', 'claiming', 'stay', { ...standing({ claim: 'sent' }), holdUntil: 200_000, paused: true }],
  ['claim-answer-lost', 'claiming', 'read-back', standing({ claim: 'answer-lost' })],
  ['claim-lost', 'following', 'give-up', standing({ claim: 'lost' })],
  ['stand-down-unfit', 'following', 'give-up', { ...standing(), holdUntil: 100_001 }],
  ['stand-down-unfit', 'following', 'give-up', { ...standing(), whole: false }],
  ['stand-down-unfit', 'following', 'give-up', { ...standing(), member: false }],
  ['stand-down-unfit', 'following', 'give-up', { ...standing(), paused: true }],
  ['stand-down-unfit', 'following', 'give-up', { ...standing(), leaseInDoubt: true }],
  ['stand-down-overtaken', 'following', 'give-up', standing({ overtaken: true })],
  ['stand-down-refused', 'following', 'give-up', standing({ refused: true, quorum: false })],
  ['stand-down-prevote', 'following', 'give-up', standing({ prevote: 'refused', promised: false })],
  ['stand-down-timed-out', 'following', 'give-up', standing({ timedOut: true, quorum: false })],
  ['not-a-member', 'following', 'stay', { member: false }],
  ['data-not-whole', 'following', 'stay', { whole: false }],
  ['elections-paused', 'following', 'stay', { paused: true }],
  ['hold-in-force', 'following', 'stay', { holdUntil: 100_001, lease: 'released' }],
  ['lease-in-doubt', 'following', 'stay', { leaseInDoubt: true }],
  ['api-silent', 'following', 'stay', { apiAnswers: false }],
  ['lease-held', 'following', 'stay', { unchangedFor: 3999 }],
  ['lease-held', 'following', 'stay', { lease: 'absent', unchangedFor: 3999 }],
  ['lease-held', 'following', 'stay', { unchangedFor: 2499, unansweredPulses: 4 }],
  ['lease-held', 'following', 'stay', { unchangedFor: 3999, unansweredPulses: 3 }],
  ['lease-held', 'following', 'stay', { unchangedFor: 3999, unansweredPulses: 9, mode: 'async' }],
  ['lease-held', 'following', 'stay', { unchangedFor: 3999, unansweredPulses: 9, lease: 'absent' }],
  ['failover-delayed', 'following', 'stay', { mode: 'async', delayed: true }],
  ['holder-answers', 'following', 'stay', { mode: 'async', holderAnswers: true }],
  ['backing-off', 'following', 'stay', { backOffUntil: 100_001 }],
  ['holder-is-silent', 'canvassing', 'ask-positions', { standing: 'unknown', unchangedFor: 2500, unansweredPulses: 4 }],
  ['ask-where-all-are', 'canvassing', 'ask-positions', { standing: 'unknown' }],
  ['ask-where-all-are', 'canvassing', 'ask-positions', { standing: 'unknown', unansweredPulses: 9 }],
  ['another-is-ahead', 'following', 'stay', { standing: 'behind' }],
  ['quorum-out-of-reach', 'following', 'stay', { quorumInReach: false }],
  ['quorum-out-of-reach', 'following', 'stay', { quorumInReach: false, lease: 'released', unchangedFor: 0 }],
  ['ask-where-all-are', 'canvassing', 'ask-positions', { quorumInReach: false, standing: 'unknown' }],
  ['ask-for-promises', 'candidate', 'ask-promises', { ...standing({ quorum: false }), quorumInReach: false }],
  ['ask-for-prevotes', 'canvassing', 'ask-prevotes', {}],
  ['ask-for-prevotes', 'canvassing', 'ask-prevotes', { unchangedFor: 2500, unansweredPulses: 4 }],
  ['ask-for-prevotes', 'canvassing', 'ask-prevotes', { lease: 'released', unchangedFor: 0 }],
  ['ask-for-prevotes', 'canvassing', 'ask-prevotes', { holdUntil: 100_000, backOffUntil: 100_000 }],
  ['ask-for-prevotes', 'canvassing', 'ask-prevotes', { delayed: true, holderAnswers: true }],
  ['ask-for-prevotes', 'canvassing', 'ask-prevotes', { mode: 'async', lease: 'released', holderAnswers: true }],
  ['ask-for-prevotes', 'canvassing', 'ask-prevotes', standing({ prevote: 'unasked', promised: false })],
  ['prevotes-under-way', 'canvassing', 'stay', standing({ prevote: 'asked', promised: false })],
  ['promise-to-self', 'candidate', 'promise-to-self', standing({ promised: false, quorum: false })],
  ['ask-for-promises', 'candidate', 'ask-promises', standing({ quorum: false })],
  ['claim-the-lease', 'claiming', 'claim', standing()],
  ['claim-the-lease', 'claiming', 'claim', { ...standing(), standing: 'behind', backOffUntil: 100_001 }],
];

test.each(table)('%s → %s', (rule, state, action, over) => {
  expect(election.decide(someFacts(over))).toEqual({ state, action: { type: action, rule } });
});

test('every row is in the table', () => {
  expect([...new Set(table.map(([rule]) => rule))].sort()).toEqual(electionRows.map(({ rule }) => rule).sort());
});

const anyFacts: fc.Arbitrary<ElectionFacts> = fc.record(
  {
    now: fc.nat(20_000),
    mode: fc.constantFrom('sync', 'async'),
    member: fc.boolean(),
    whole: fc.boolean(),
    apiAnswers: fc.boolean(),
    paused: fc.boolean(),
    holdUntil: fc.nat(20_000),
    lease: fc.constantFrom('mine', 'held', 'released', 'absent'),
    entered: fc.boolean(),
    unchangedFor: fc.nat(20_000),
    patience: fc.constantFrom(4000, 15_000),
    overdue: fc.constant(2500),
    unansweredPulses: fc.nat(8),
    delayed: fc.boolean(),
    holderAnswers: fc.boolean(),
    leaseInDoubt: fc.boolean(),
    standing: fc.constantFrom('unknown', 'first', 'behind'),
    quorumInReach: fc.boolean(),
    backOffUntil: fc.nat(20_000),
    candidacy: fc.record({
      epoch: fc.nat(9),
      prevote: fc.constantFrom('unasked', 'asked', 'granted', 'refused'),
      promised: fc.boolean(),
      quorum: fc.boolean(),
      overtaken: fc.boolean(),
      refused: fc.boolean(),
      timedOut: fc.boolean(),
      claim: fc.constantFrom('unsent', 'sent', 'answer-lost', 'lost'),
    }),
  },
  {
    requiredKeys: [
      'now',
      'mode',
      'member',
      'whole',
      'apiAnswers',
      'paused',
      'lease',
      'entered',
      'unchangedFor',
      'patience',
      'overdue',
      'unansweredPulses',
      'delayed',
      'holderAnswers',
      'leaseInDoubt',
      'standing',
      'quorumInReach',
    ],
  },
);

test('a claim is sent only by a whole member with its promise kept, a quorum, no hold, and a lease seen still for long enough', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { action } = election.decide(facts);
      if (action.type !== 'claim') return;
      expect(facts).toMatchObject({ member: true, whole: true, apiAnswers: true, paused: false, leaseInDoubt: false });
      expect(facts.candidacy).toMatchObject({
        promised: true,
        quorum: true,
        overtaken: false,
        refused: false,
        claim: 'unsent',
      });
      expect(facts.holdUntil === undefined || facts.now >= facts.holdUntil).toBe(true);
      const silent = facts.mode === 'sync' && facts.lease === 'held' && facts.unansweredPulses >= silence;
      const enough = silent ? Math.min(facts.patience, facts.overdue) : facts.patience;
      expect(facts.lease === 'released' || facts.unchangedFor >= enough).toBe(true);
    }),
    { numRuns: 20_000 },
  );
});
