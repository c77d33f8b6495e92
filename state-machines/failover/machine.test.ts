import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type FailoverFacts, failover, failoverRows } from './machine.ts';

const someFacts = (over: Partial<FailoverFacts> = {}): FailoverFacts => ({
  now: 100_000,
  holder: 'c-1',
  epoch: 3,
  holderServes: true,
  unfenced: [],
  fencedByUs: [],
  mislabelled: [],
  targetPrimary: 'c-1',
  currentPrimary: 'c-1',
  switchover: false,
  failoverDelay: 0,
  phase: 'healthy',
  candidates: 2,
  quorumPossible: true,
  ...over,
});
const silent = { holderServes: false, failingSince: 100_000 } as const;

const table: [rule: string, state: string, action: object, facts: Partial<FailoverFacts>][] = [
  ['primary-without-the-lease', 'two-primaries', { type: 'fence-others' }, { unfenced: ['c-2'], ...silent }],
  ['pretender-is-silent', 'adopting', { type: 'unfence-others' }, { fencedByUs: ['c-2'] }],
  ['labels-differ', 'adopting', { type: 'set-labels' }, { mislabelled: ['c-1'], switchover: true }],
  ['switchover-under-way', 'healthy', { type: 'stay' }, { switchover: true, targetPrimary: 'c-2' }],
  ['holder-is-new', 'adopting', { type: 'adopt-holder' }, { holder: 'c-2' }],
  ['serves-again', 'adopting', { type: 'forget-failing' }, { failingSince: 1 }],
  ['serves-again', 'adopting', { type: 'forget-failing' }, { phase: 'failing-over' }],
  ['wait-for-primary-to-say-so', 'adopting', { type: 'stay' }, { currentPrimary: 'c-3' }],
  ['healthy', 'healthy', { type: 'stay' }, {}],
  ['primary-is-fenced', 'healthy', { type: 'stay' }, { ...silent, holderFenced: true }],
  ['primary-is-restarted', 'healthy', { type: 'stay' }, { ...silent, holderRestarts: true }],
  ['primary-fails', 'delayed', { type: 'note-failing' }, { holderServes: false }],
  ['failover-delayed', 'delayed', { type: 'stay' }, { ...silent, failoverDelay: 1 }],
  ['nobody-can-stand', 'stuck', { type: 'report', reason: 'NoCandidate' }, { ...silent, candidates: 0 }],
  ['no-quorum', 'stuck', { type: 'report', reason: 'NoQuorum' }, { ...silent, quorumPossible: false }],
  ['election-begins', 'failing-over', { type: 'set-phase', phase: 'Failing over' }, silent],
  ['election-under-way', 'failing-over', { type: 'stay' }, { ...silent, phase: 'failing-over' }],
];

test.each(table)('%s → %s', (rule, state, action, over) => {
  expect(failover.decide(someFacts(over))).toEqual({ state, action: { ...action, rule } });
});

test('every row is in the table', () => {
  expect([...new Set(table.map(([rule]) => rule))].sort()).toEqual(failoverRows.map(({ rule }) => rule).sort());
});

const names = fc.subarray(['c-1', 'c-2', 'c-3']);
const anyFacts: fc.Arbitrary<FailoverFacts> = fc.record(
  {
    now: fc.integer({ min: 10, max: 20 }),
    holder: fc.constantFrom('c-1', 'c-2'),
    epoch: fc.constant(3),
    holderServes: fc.boolean(),
    holderFenced: fc.boolean(),
    holderRestarts: fc.boolean(),
    unfenced: names,
    fencedByUs: names,
    mislabelled: names,
    targetPrimary: fc.constantFrom('c-1', 'c-2'),
    currentPrimary: fc.constantFrom('c-1', 'c-2'),
    switchover: fc.boolean(),
    failingSince: fc.nat(10),
    failoverDelay: fc.nat(10),
    phase: fc.constantFrom('healthy', 'failing-over', 'other'),
    candidates: fc.nat(2),
    quorumPossible: fc.boolean(),
  },
  {
    requiredKeys: [
      'now',
      'epoch',
      'holderServes',
      'unfenced',
      'fencedByUs',
      'mislabelled',
      'switchover',
      'failoverDelay',
      'phase',
      'candidates',
      'quorumPossible',
    ],
  },
);

test('nobody is fenced for want of a lease that somebody holds, and status follows the lease alone', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { action } = failover.decide(facts);
      if (action.type === 'fence-others') expect(facts.holder).toBeDefined();
      if (action.type === 'adopt-holder') expect(facts).toMatchObject({ holderServes: true, switchover: false });
      if (action.type === 'set-phase') {
        expect(facts).toMatchObject({ holderServes: false, quorumPossible: true });
        expect(facts.holderFenced === true || facts.holderRestarts === true).toBe(false);
        expect(facts.now - (facts.failingSince ?? 0)).toBeGreaterThanOrEqual(facts.failoverDelay);
      }
    }),
    { numRuns: 3000 },
  );
});
