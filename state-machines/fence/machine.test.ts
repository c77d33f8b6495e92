import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type FenceFacts, fence, fenceRows } from './machine.ts';

const someFacts = (over: Partial<FenceFacts> = {}): FenceFacts => ({
  now: 100_000,
  postgres: 'primary',
  lease: 'mine',
  freshUntil: 110_000,
  renewing: false,
  lastAttempt: 97_000,
  retryPeriod: 2000,
  apiAnswers: true,
  fit: true,
  ...over,
});

const table: [rule: string, state: string, action: string, facts: Partial<FenceFacts>][] = [
  ['no-writer', 'idle', 'stay', { postgres: 'standby', lease: 'other', freshUntil: 1 }],
  ['no-writer', 'idle', 'stay', { postgres: 'down' }],
  ['renewal-deadline-passed', 'tripped', 'end-postgres', { freshUntil: 100_000 }],
  ['renewal-deadline-passed', 'tripped', 'end-postgres', { freshUntil: 99_999, renewing: true, lease: 'mine' }],
  ['lease-names-another', 'tripped', 'end-postgres', { lease: 'other' }],
  ['lease-released', 'tripped', 'end-postgres', { lease: 'released' }],
  ['renewal-under-way', 'armed', 'stay', { renewing: true }],
  ['unfit-does-not-renew', 'armed', 'stay', { fit: false }],
  ['not-due-yet', 'armed', 'stay', { lastAttempt: 98_001 }],
  ['holder-recreates-the-lease', 'armed', 'recreate', { lease: 'absent' }],
  ['api-silent-ask-all-members', 'armed', 'ask-for-hold', { apiAnswers: false }],
  ['renew', 'armed', 'renew', {}],
  ['renew', 'armed', 'renew', { lastAttempt: 98_000 }],
];

test.each(table)('%s → %s', (rule, state, action, over) => {
  expect(fence.decide(someFacts(over))).toEqual({ state, action: { type: action, rule } });
});

test('every row is in the table', () => {
  expect([...new Set(table.map(([rule]) => rule))].sort()).toEqual(fenceRows.map(({ rule }) => rule).sort());
});

test('what was not seen in the life of this machine is not acted upon', () => {
  const { freshUntil: _fresh, lastAttempt: _last, ...never } = someFacts();
  expect(fence.decide(never).action.rule).toBe('renew');
  expect(fence.decide({ ...never, lease: 'absent' }).action.rule).toBe('renew');
});

const anyFacts: fc.Arbitrary<FenceFacts> = fc.record(
  {
    now: fc.nat(20_000),
    postgres: fc.constantFrom('down', 'standby', 'primary'),
    lease: fc.constantFrom('mine', 'other', 'released', 'absent', 'unknown'),
    freshUntil: fc.nat(20_000),
    renewing: fc.boolean(),
    lastAttempt: fc.nat(20_000),
    retryPeriod: fc.constantFrom(1000, 2000),
    apiAnswers: fc.boolean(),
    fit: fc.boolean(),
  },
  { requiredKeys: ['now', 'postgres', 'lease', 'renewing', 'retryPeriod', 'apiAnswers', 'fit'] },
);

test('a writer past its deadline is ended, whatever else is seen', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { action } = fence.decide(facts);
      const late = facts.freshUntil !== undefined && facts.now >= facts.freshUntil;
      if (facts.postgres === 'primary' && (late || facts.lease === 'other')) expect(action.type).toBe('end-postgres');
      if (facts.postgres !== 'primary') expect(action.type).toBe('stay');
      if (!facts.fit) expect(['stay', 'end-postgres']).toContain(action.type);
    }),
    { numRuns: 2000 },
  );
});
