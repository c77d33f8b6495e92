import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type SetFacts, setRows, synchronousSet } from './machine.ts';

const someFacts = (over: Partial<SetFacts> = {}): SetFacts => ({
  leads: true,
  swapping: false,
  wantedIsListed: true,
  listed: 2,
  applied: true,
  inEffect: true,
  barrierRead: true,
  barrierPassed: true,
  ...over,
});

const table: [rule: string, state: string, action: string, facts: Partial<SetFacts>][] = [
  ['does-not-lead', 'idle', 'stay', { leads: false, wantedIsListed: false }],
  ['swap-under-way', 'changing', 'stay', { swapping: true, wantedIsListed: false }],
  ['publish-before-anything', 'changing', 'publish', { wantedIsListed: false, applied: false }],
  ['publish-before-anything', 'changing', 'publish', { wantedIsListed: false, listed: 4, blocked: true }],
  ['apply-the-newest', 'changing', 'apply', { applied: false }],
  ['apply-the-newest', 'changing', 'apply', { wantedIsListed: false, listed: 4, applied: false }],
  ['wait-until-in-effect', 'settling', 'look-whether-in-effect', { inEffect: false, barrierRead: false }],
  ['read-barrier', 'settling', 'read-barrier', { barrierRead: false, barrierPassed: false }],
  ['wait-for-barrier', 'settling', 'look-at-barrier', { barrierPassed: false }],
  ['retire-older', 'settling', 'retire-older', {}],
  ['settled', 'settled', 'stay', { listed: 1, inEffect: false, barrierRead: false, barrierPassed: false }],
];

test.each(table)('%s → %s', (rule, state, action, over) => {
  expect(synchronousSet.decide(someFacts(over))).toEqual({ state, action: { type: action, rule } });
});

test('every row is in the table', () => {
  expect([...new Set(table.map(([rule]) => rule))].sort()).toEqual(setRows.map(({ rule }) => rule).sort());
});

const anyFacts: fc.Arbitrary<SetFacts> = fc.record({
  leads: fc.boolean(),
  swapping: fc.boolean(),
  wantedIsListed: fc.boolean(),
  listed: fc.integer({ min: 1, max: 5 }),
  blocked: fc.boolean(),
  applied: fc.boolean(),
  inEffect: fc.boolean(),
  barrierRead: fc.boolean(),
  barrierPassed: fc.boolean(),
});

test('nothing is applied before it is published, nothing retired before its barrier, and a list grows no further while its newest can end', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { action } = synchronousSet.decide(facts);
      if (action.type !== 'stay') expect(facts).toMatchObject({ leads: true, swapping: false });
      if (action.type === 'apply') expect(facts.wantedIsListed || facts.listed >= 4).toBe(true);
      if (action.type === 'publish') expect(facts.listed < 4 || facts.blocked).toBe(true);
      if (action.type === 'retire-older') {
        expect(facts).toMatchObject({ applied: true, inEffect: true, barrierRead: true, barrierPassed: true });
      }
    }),
  );
});
