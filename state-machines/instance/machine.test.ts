import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { InstanceFacts } from './facts.ts';
import { decide, rows } from './machine.ts';

const someFacts = (facts: Partial<InstanceFacts> = {}): InstanceFacts => ({
  terminating: false,
  cluster: 'seen',
  fenced: false,
  named: 'other',
  data: 'valid',
  programs: true,
  certificates: true,
  postgres: 'up',
  foreign: false,
  role: 'standby',
  diverged: false,
  diskFull: false,
  backingOff: false,
  configurationStale: false,
  restartDue: false,
  releasing: false,
  halfPromoted: false,
  ...facts,
});
const primary = { named: 'self', role: 'primary' } as const;
const off = { postgres: 'down' } as const;

const table: [rule: string, state: string, action: object, facts: Partial<InstanceFacts>][] = [
  ['release-before-the-end', 'stopping', { type: 'stay' }, { ...off, terminating: true, releasing: true }],
  ['end-after-termination', 'ended', { type: 'end' }, { ...off, terminating: true }],
  ['stop-for-termination', 'stopping', { type: 'stop', why: 'termination' }, { terminating: true, fenced: true }],
  [
    'stop-for-termination',
    'stopping',
    { type: 'stop', why: 'termination' },
    { terminating: true, postgres: 'starting' },
  ],
  ['stop-foreign-postgres', 'stopping', { type: 'stop', why: 'foreign' }, { foreign: true }],
  ['stay-fenced', 'fenced', { type: 'stay' }, { ...off, fenced: true }],
  ['stop-for-fencing', 'stopping', { type: 'stop', why: 'fencing' }, { ...primary, fenced: true }],
  ['stop-for-fencing', 'stopping', { type: 'stop', why: 'fencing' }, { fenced: true, postgres: 'starting' }],
  ['stop-demoted', 'stopping', { type: 'stop', why: 'demotion' }, { role: 'primary', named: 'other' }],
  ['wait-for-shutdown', 'stopping', { type: 'stay' }, { postgres: 'stopping' }],
  ['wait-for-start', 'starting', { type: 'stay' }, { postgres: 'starting' }],
  [
    'load-configuration-while-starting',
    'starting',
    { type: 'reload' },
    { postgres: 'starting', configurationStale: true },
  ],
  ['stop-diverged', 'stopping', { type: 'stop', why: 'diverged' }, { diverged: true }],
  ['stop-diverged', 'stopping', { type: 'stop', why: 'diverged' }, { diverged: true, postgres: 'starting' }],
  ['rebuild-diverged', 'waiting', { type: 'rebuild' }, { ...off, diverged: true }],
  ['rebuild-diverged', 'waiting', { type: 'rebuild' }, { ...off, diverged: true, data: 'absent' }],
  ['wait-for-data-directory', 'waiting', { type: 'stay' }, { ...off, data: 'absent' }],
  ['wait-for-data-directory', 'waiting', { type: 'stay' }, { ...off, data: 'unusable' }],
  ['wait-for-cluster', 'waiting', { type: 'stay' }, { ...off, cluster: 'unknown' }],
  ['wait-for-programs', 'waiting', { type: 'stay' }, { ...off, programs: false }],
  ['wait-for-certificates', 'waiting', { type: 'stay' }, { ...off, certificates: false }],
  ['wait-for-a-role', 'waiting', { type: 'stay' }, { ...off, named: 'nobody' }],
  ['wait-for-disk-space', 'waiting', { type: 'stay' }, { ...off, ...primary, diskFull: true, backingOff: true }],
  ['wait-after-failed-start', 'waiting', { type: 'stay' }, { ...off, ...primary, backingOff: true }],
  ['undo-half-a-promotion', 'waiting', { type: 'become-standby' }, { ...off, ...primary, halfPromoted: true }],
  ['wait-for-fresh-role', 'waiting', { type: 'stay' }, { ...off, ...primary, cluster: 'copy' }],
  ['start-primary', 'starting', { type: 'start', as: 'primary' }, { ...off, ...primary }],
  ['start-standby', 'starting', { type: 'start', as: 'standby' }, { ...off, cluster: 'copy' }],
  ['start-standby', 'starting', { type: 'start', as: 'standby' }, { ...off, named: 'self' }],
  ['turn-into-standby', 'waiting', { type: 'become-standby' }, { ...off, role: 'primary' }],
  ['wait-for-answer', 'starting', { type: 'stay' }, { role: 'unknown' }],
  ['load-configuration', 'starting', { type: 'reload' }, { ...primary, configurationStale: true, restartDue: true }],
  ['promotion-under-way', 'promoting', { type: 'stay' }, { named: 'self' }],
  ['restart-for-parameters', 'stopping', { type: 'stop', why: 'restart' }, { restartDue: true }],
  ['serve', 'primary', { type: 'stay' }, primary],
  ['serve', 'primary', { type: 'stay' }, { ...primary, named: 'nobody', cluster: 'unknown' }],
  ['replicate', 'standby', { type: 'stay' }, {}],
];

test.each(table)('%s → %s', (rule, state, action, facts) => {
  const decision = decide(undefined, someFacts(facts));
  expect(decision.state).toBe(state);
  expect(decision.action).toEqual({ ...action, rule });
});

test('every row of the machine is in the table', () => {
  expect([...new Set(table.map(([rule]) => rule))].sort()).toEqual(rows.map(({ rule }) => rule).sort());
});

const anyFacts: fc.Arbitrary<InstanceFacts> = fc.record({
  terminating: fc.boolean(),
  cluster: fc.constantFrom('unknown', 'copy', 'seen'),
  fenced: fc.boolean(),
  named: fc.constantFrom('self', 'other', 'nobody'),
  data: fc.constantFrom('absent', 'unusable', 'valid'),
  programs: fc.boolean(),
  certificates: fc.boolean(),
  postgres: fc.constantFrom('down', 'starting', 'up', 'stopping'),
  foreign: fc.boolean(),
  role: fc.constantFrom('primary', 'standby', 'unknown'),
  diverged: fc.boolean(),
  diskFull: fc.boolean(),
  backingOff: fc.boolean(),
  configurationStale: fc.boolean(),
  restartDue: fc.boolean(),
  releasing: fc.boolean(),
  halfPromoted: fc.boolean(),
});

test('whatever is observed, a rule matches, and some things never happen', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { action } = decide(undefined, facts);
      if (action.type === 'start') {
        expect(facts).toMatchObject({
          postgres: 'down',
          data: 'valid',
          terminating: false,
          fenced: false,
          certificates: true,
        });
        if (action.as === 'primary')
          expect(facts).toMatchObject({ named: 'self', cluster: 'seen', role: 'primary', halfPromoted: false });
      }
      if (action.type === 'rebuild') expect(facts).toMatchObject({ postgres: 'down', diverged: true, fenced: false });
      if (action.type === 'end') expect(facts.postgres).toBe('down');
    }),
    { numRuns: 2000 },
  );
});

test('the state before does not change the decision', () => {
  fc.assert(
    fc.property(anyFacts, anyFacts, (before, facts) => {
      const after = decide(decide(undefined, before).snapshot, facts);
      expect(after.action).toEqual(decide(undefined, facts).action);
    }),
    { numRuns: 500 },
  );
});
