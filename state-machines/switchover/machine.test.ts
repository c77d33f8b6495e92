import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type TargetFacts, chooseTarget, mostLag } from './choose.ts';
import { type SwitchoverFacts, switchover, switchoverRows } from './machine.ts';

const someFacts = (over: Partial<SwitchoverFacts> = {}): SwitchoverFacts => ({
  now: 1000,
  wish: 'named',
  ordered: true,
  deadline: 9000,
  poolersPaused: false,
  hasPoolers: false,
  oldPostgres: 'running',
  holder: 'old',
  holderServes: true,
  oldPromised: false,
  ...over,
});
const done = { holder: 'other', oldPostgres: 'stopped' } as const;
const late = { now: 9000, oldPostgres: 'stopped', holderServes: false } as const;
const idle = { ordered: false } as const;

const table: [rule: string, state: string, action: string, facts: Partial<SwitchoverFacts>][] = [
  ['resume-poolers', 'resuming', 'resume-poolers', { ...done, poolersPaused: true }],
  ['resume-poolers', 'resuming', 'resume-poolers', { ...idle, poolersPaused: true }],
  ['another-leads', 'resuming', 'close-order', done],
  ['returned', 'returning', 'resume-poolers', { now: 9000, poolersPaused: true }],
  ['old-primary-is-back', 'returning', 'close-order', { now: 9000 }],
  ['no-candidate-in-time', 'returning', 'order-return', late],
  ['no-candidate-in-time', 'returning', 'order-return', { ...late, poolersPaused: true }],
  ['wait-for-election', 'electing', 'stay', { ...late, oldPromised: true }],
  ['wait-for-election', 'electing', 'stay', { ...late, oldPostgres: 'unknown' }],
  ['wait-for-election', 'electing', 'stay', { now: 9000, holder: 'nobody' }],
  ['wait-for-election', 'electing', 'stay', { now: 9000, holder: 'nobody', poolersPaused: true }],
  ['wait-for-election', 'electing', 'stay', { ...late, holder: 'nobody' }],
  ['pause-poolers', 'ordered', 'pause-poolers', { hasPoolers: true }],
  ['stop-the-old-primary', 'ordered', 'order-stop', { hasPoolers: true, poolersPaused: true }],
  ['stop-the-old-primary', 'ordered', 'order-stop', {}],
  ['candidates-stand', 'electing', 'stay', { oldPostgres: 'stopped', holderServes: false }],
  ['candidates-stand', 'electing', 'stay', { oldPostgres: 'stopped', holderServes: false, hasPoolers: true }],
  ['candidates-stand', 'electing', 'stay', { ...done, holderServes: false }],
  ['nothing-wished', 'none', 'stay', { ...idle, wish: 'none', refusal: 'no' }],
  ['refused', 'refused', 'refuse', { ...idle, refusal: 'c-2 is fenced' }],
  ['order', 'ordered', 'order', idle],
  ['order', 'ordered', 'order', { ...idle, ...done }],
  ['order', 'ordered', 'order', { ...idle, now: 9000, hasPoolers: true }],
  ['order', 'ordered', 'order', { ...idle, ...late }],
];

test.each(table)('%s → %s', (rule, state, action, over) => {
  expect(switchover.decide(someFacts(over))).toEqual({ state, action: { type: action, rule } });
});

test('every row is in the table', () => {
  expect([...new Set(table.map(([rule]) => rule))].sort()).toEqual(switchoverRows.map(({ rule }) => rule).sort());
});

const anyFacts: fc.Arbitrary<SwitchoverFacts> = fc.record(
  {
    now: fc.nat(20),
    wish: fc.constantFrom('none', 'named', 'any'),
    refusal: fc.constant('no'),
    ordered: fc.boolean(),
    deadline: fc.nat(20),
    poolersPaused: fc.boolean(),
    hasPoolers: fc.boolean(),
    oldPostgres: fc.constantFrom('running', 'stopped', 'unknown'),
    holder: fc.constantFrom('old', 'nobody', 'other'),
    holderServes: fc.boolean(),
    oldPromised: fc.boolean(),
  },
  {
    requiredKeys: [
      'now',
      'wish',
      'ordered',
      'poolersPaused',
      'hasPoolers',
      'oldPostgres',
      'holder',
      'holderServes',
      'oldPromised',
    ],
  },
);

test('the old primary is not called back once it has promised, and nobody is told to stop without an order', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { action } = switchover.decide(facts);
      if (action.type === 'order-return') expect(facts).toMatchObject({ oldPromised: false, holder: 'old' });
      if (action.type === 'order-stop') {
        expect(facts).toMatchObject({ ordered: true, oldPostgres: 'running' });
        expect(facts.deadline === undefined || facts.now < facts.deadline).toBe(true);
      }
      if (action.type === 'order') expect(facts).toMatchObject({ ordered: false, poolersPaused: false });
      if (action.type === 'close-order') expect(facts).toMatchObject({ holderServes: true, poolersPaused: false });
    }),
    { numRuns: 3000 },
  );
});

const instance = (name: string, over: Partial<TargetFacts> = {}): TargetFacts => ({
  instance: name,
  serial: Number(name.slice(2)),
  primary: false,
  member: true,
  fenced: false,
  streams: true,
  lag: 0n,
  schedulable: true,
  ...over,
});
const primary = instance('c-1', { primary: true });

describe('the target', () => {
  test.each([
    ['named', [primary, instance('c-2'), instance('c-3')], 'c-3', { target: 'c-3' }],
    ['least behind', [primary, instance('c-2', { lag: 9n }), instance('c-3')], undefined, { target: 'c-3' }],
    ['lower serial', [primary, instance('c-3'), instance('c-2')], undefined, { target: 'c-2' }],
    ['least behind, in any order', [instance('c-3'), instance('c-2', { lag: 9n })], undefined, { target: 'c-3' }],
    ['lower serial, in any order', [instance('c-2'), instance('c-3')], undefined, { target: 'c-2' }],
    ['as far behind as may be', [primary, instance('c-2', { lag: mostLag })], 'c-2', { target: 'c-2' }],
    ['unknown', [primary], 'c-9', { refusal: 'there is no instance c-9' }],
    ['the same', [primary], 'c-1', { refusal: 'c-1 is the primary already' }],
    ['fenced', [primary, instance('c-2', { fenced: true })], 'c-2', { refusal: 'c-2 is fenced' }],
    [
      'no member',
      [primary, instance('c-2', { member: false })],
      'c-2',
      { refusal: 'c-2 is no member of the cluster yet' },
    ],
    [
      'not streaming',
      [primary, instance('c-2', { streams: false })],
      'c-2',
      { refusal: 'c-2 does not stream from the primary' },
    ],
    [
      'far behind',
      [primary, instance('c-2', { lag: mostLag + 1n })],
      'c-2',
      { refusal: 'c-2 is more than 16777216 bytes behind' },
    ],
    [
      'nobody fits',
      [primary, instance('c-2', { schedulable: false })],
      undefined,
      { refusal: 'c-2 is on a node that takes no pods' },
    ],
    [
      'nobody fits, each with its reason',
      [primary, instance('c-2', { fenced: true }), instance('c-3', { streams: false })],
      undefined,
      { refusal: 'c-2 is fenced; c-3 does not stream from the primary' },
    ],
    ['alone', [primary], undefined, { refusal: 'there is no other instance' }],
    [
      'fenced primary',
      [instance('c-1', { primary: true, fenced: true }), instance('c-2')],
      'c-2',
      { refusal: 'the primary is fenced' },
    ],
  ] as const)('%s', (_, instances, named, choice) => expect(chooseTarget(instances, named)).toEqual(choice));
});
