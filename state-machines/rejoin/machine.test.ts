import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type RejoinFacts, rejoin, rejoinRows } from './machine.ts';

const someFacts = (over: Partial<RejoinFacts> = {}): RejoinFacts => ({
  now: 100_000,
  holdsLease: false,
  standing: false,
  primary: 'answers',
  primaryEpoch: 4,
  promised: 4,
  data: 'whole',
  unfinished: 'none',
  rewinding: false,
  postgres: 'up',
  ancestor: 'yes',
  connected: true,
  progressAt: 99_000,
  patience: 10_000,
  tries: 0,
  maxTries: 3,
  walGone: false,
  rewindable: 'unknown',
  rewindFailed: false,
  inForce: false,
  ...over,
});
const diverged = { ancestor: 'no', connected: false } as const;
const stalled = { progressAt: 90_000 } as const;

const table: [rule: string, state: string, action: string, facts: Partial<RejoinFacts>][] = [
  ['holds-the-lease', 'leading', 'stay', { holdsLease: true, data: 'damaged' }],
  ['rewind-under-way', 'rewinding', 'stay', { rewinding: true, unfinished: 'rewind' }],
  ['stands-for-election', 'waiting', 'stay', { standing: true }],
  ['primary-unknown', 'waiting', 'stay', { primary: 'unknown' }],
  ['primary-of-an-older-epoch', 'waiting', 'disconnect', { promised: 5 }],
  ['wait-for-newer-primary', 'waiting', 'stay', { promised: 5, connected: false }],
  ['primary-silent', 'waiting', 'stay', { primary: 'silent', data: 'absent' }],
  ['lost-but-in-force', 'condemned', 'ask-to-be-removed', { data: 'damaged', inForce: true }],
  ['lost', 'condemned', 'ask-for-clone', { data: 'absent' }],
  ['lost', 'condemned', 'ask-for-clone', { unfinished: 'rewind' }],
  ['lost', 'condemned', 'ask-for-clone', { unfinished: 'clone' }],
  ['lost', 'condemned', 'ask-for-clone', { walGone: true }],
  ['lost', 'condemned', 'ask-for-clone', { ...stalled, tries: 3 }],
  ['lost', 'condemned', 'ask-for-clone', { ...diverged, rewindable: 'no' }],
  ['lost', 'condemned', 'ask-for-clone', { ...diverged, rewindable: 'yes', rewindFailed: true }],
  ['postgres-busy', 'waiting', 'stay', { postgres: 'busy' }],
  ['ancestry-unknown', 'checking', 'ask-history', { ancestor: 'unknown', connected: false }],
  ['diverged-and-connected', 'checking', 'disconnect', { ancestor: 'no' }],
  ['rewind-not-checked', 'checking', 'check-rewind', diverged],
  ['stop-before-rewind', 'checking', 'stop-postgres', { ...diverged, rewindable: 'yes' }],
  ['rewind', 'rewinding', 'rewind', { ...diverged, rewindable: 'yes', postgres: 'down' }],
  ['connect', 'following', 'connect', { connected: false }],
  ['connect', 'following', 'connect', { connected: false, postgres: 'down' }],
  ['connect', 'following', 'connect', { ...stalled, tries: 3, connected: false }],
  ['stalled', 'following', 'reconnect', { ...stalled, tries: 2 }],
  ['follows', 'following', 'stay', {}],
  ['follows', 'following', 'stay', { tries: 3, rewindFailed: true, rewindable: 'no' }],
];

test.each(table)('%s → %s', (rule, state, action, over) => {
  expect(rejoin.decide(someFacts(over))).toEqual({ state, action: { type: action, rule } });
});

test('every row is in the table', () => {
  expect([...new Set(table.map(([rule]) => rule))].sort()).toEqual(rejoinRows.map(({ rule }) => rule).sort());
});

const anyFacts: fc.Arbitrary<RejoinFacts> = fc.record({
  now: fc.integer({ min: 50, max: 99 }),
  holdsLease: fc.boolean(),
  standing: fc.boolean(),
  primary: fc.constantFrom('unknown', 'silent', 'answers'),
  primaryEpoch: fc.integer({ min: 1, max: 3 }),
  promised: fc.integer({ min: 1, max: 3 }),
  data: fc.constantFrom('absent', 'whole', 'damaged'),
  unfinished: fc.constantFrom('none', 'rewind', 'clone'),
  rewinding: fc.boolean(),
  postgres: fc.constantFrom('down', 'busy', 'up'),
  ancestor: fc.constantFrom('unknown', 'yes', 'no'),
  connected: fc.boolean(),
  progressAt: fc.nat(50),
  patience: fc.constant(30),
  tries: fc.nat(4),
  maxTries: fc.constant(3),
  walGone: fc.boolean(),
  rewindable: fc.constantFrom('unknown', 'yes', 'no'),
  rewindFailed: fc.boolean(),
  inForce: fc.boolean(),
});

test('no connection before ancestry, no rewind but from the holder, no clone of what is still counted on', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { state, action } = rejoin.decide(facts);
      if (action.type === 'connect' || action.type === 'reconnect') {
        expect(facts).toMatchObject({ ancestor: 'yes', primary: 'answers', data: 'whole', unfinished: 'none' });
        expect(facts.primaryEpoch).toBeGreaterThanOrEqual(facts.promised);
      }
      if (action.type === 'rewind') {
        expect(facts).toMatchObject({ ancestor: 'no', rewindable: 'yes', rewindFailed: false, postgres: 'down' });
        expect(facts).toMatchObject({ connected: false, standing: false, primary: 'answers' });
      }
      if (action.type === 'ask-for-clone') expect(facts).toMatchObject({ inForce: false, primary: 'answers' });
      if (facts.holdsLease) expect(action.type).toBe('stay');
      if (state === 'following' && facts.connected)
        expect(facts).toMatchObject({ ancestor: 'yes', connected: true, data: 'whole' });
    }),
    { numRuns: 5000 },
  );
});
