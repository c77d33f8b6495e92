import { readdirSync, statSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type AnyStateMachine, initialTransition } from 'xstate';
import { machinePage } from './diagram.ts';
import { type ElectionFacts, election, electionRows } from './election/machine.ts';
import { failover } from './failover/machine.ts';
import { type FenceFacts, fence, fenceRows } from './fence/machine.ts';
import { machines } from './machines.ts';
import { promotion } from './promotion/machine.ts';
import type { Row, RuleTable } from './protocol/rule-table.ts';
import { rejoin } from './rejoin/machine.ts';
import { switchover } from './switchover/machine.ts';
import { synchronousSet } from './synchronous/machine.ts';

const here = import.meta.dirname;

test('every folder with a machine is listed', () => {
  const withMachine = readdirSync(here).filter(
    (name) => statSync(`${here}/${name}`).isDirectory() && readdirSync(`${here}/${name}`).includes('machine.ts'),
  );
  expect(machines.map(({ id }) => id).sort()).toEqual(withMachine.sort());
});

test.each(machines.map((machine) => [machine.id, machine] as const))(
  '%s: no rule has the name of another',
  (_, { rows }) => {
    expect(new Set(rows.map(({ rule }) => rule)).size).toBe(rows.length);
  },
);

const tables = { election, failover, fence, promotion, rejoin, switchover, synchronous: synchronousSet };

test.each(Object.entries(tables))('%s: bears its name, and begins in a state that a row leads to', (name, table) => {
  expect(table.id).toBe(name);
  const states: readonly string[] = table.rows.map(({ state }) => state);
  expect(states).toContain(initialTransition(table.machine as AnyStateMachine)[0].value);
  // xstate would take a row without a state for one that leads to the first.
  expect(states).not.toContain('');
});

test.each(machines.map((machine) => [machine.id, machine] as const))('%s: its page shows every rule', (_, machine) => {
  const page = machinePage(machine);
  for (const { rule } of machine.rows) expect(page).toContain(`\`${rule}\``);
});

const flag = fc.boolean();
const time = fc.nat(9);
const fenceFacts: fc.Arbitrary<FenceFacts> = fc.record(
  {
    now: time,
    postgres: fc.constantFrom('down', 'standby', 'primary'),
    lease: fc.constantFrom('mine', 'other', 'released', 'absent', 'unknown'),
    freshUntil: time,
    renewing: flag,
    lastAttempt: time,
    retryPeriod: time,
    apiAnswers: flag,
    fit: flag,
  },
  { requiredKeys: ['now', 'postgres', 'lease', 'renewing', 'retryPeriod', 'apiAnswers', 'fit'] },
);
const candidacy = fc.record({
  epoch: time,
  prevote: fc.constantFrom('unasked', 'asked', 'granted', 'refused'),
  promised: flag,
  quorum: flag,
  overtaken: flag,
  refused: flag,
  timedOut: flag,
  claim: fc.constantFrom('unsent', 'sent', 'answer-lost', 'lost'),
});
const electionFacts: fc.Arbitrary<ElectionFacts> = fc
  .record({
    required: fc.record({
      now: time,
      mode: fc.constantFrom('sync', 'async'),
      member: flag,
      whole: flag,
      apiAnswers: flag,
      paused: flag,
      lease: fc.constantFrom('mine', 'held', 'released', 'absent'),
      entered: flag,
      unchangedFor: time,
      patience: time,
      overdue: time,
      unansweredPulses: fc.nat(8),
      delayed: flag,
      holderAnswers: flag,
      leaseInDoubt: flag,
      standing: fc.constantFrom('unknown', 'first', 'behind'),
      quorumInReach: flag,
    }),
    optional: fc.record({ holdUntil: time, backOffUntil: time, candidacy }, { requiredKeys: [] }),
  })
  .map(({ required, optional }) => ({ ...required, ...optional }));

function agree<Facts, State extends string, Action extends { readonly type: string }>(
  rows: readonly Row<Facts, State, Action>[],
  table: RuleTable<Facts, State, Action>,
  facts: fc.Arbitrary<Facts>,
): void {
  fc.assert(
    fc.property(facts, (some) => {
      const row = rows.find(({ when }) => when(some));
      const decision = table.decide(some);
      expect(decision).toEqual({ state: row?.state, action: { ...row?.action, rule: row?.rule } });
    }),
    { numRuns: 3000 },
  );
}

// The models evaluate the rows themselves, since that is faster.
describe('the rows decide as their xstate machine does', () => {
  test('fence', () => agree(fenceRows, fence, fenceFacts));
  test('election', () => agree(electionRows, election, electionFacts));
});
