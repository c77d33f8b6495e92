import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type PromotionFacts, promotion, promotionRows } from './machine.ts';

const someFacts = (over: Partial<PromotionFacts> = {}): PromotionFacts => ({
  now: 1000,
  leaving: false,
  elected: true,
  epoch: 4,
  promised: 4,
  freshUntil: 9000,
  renewing: false,
  postgres: 'standby',
  receiverClosed: true,
  oldLabel: 'off',
  configurationInEffect: true,
  historiesPlanted: true,
  ledPersisted: true,
  promotionTimeout: 60_000,
  promoted: true,
  peersTold: false,
  ownLabel: false,
  statusWritten: false,
  ...over,
});
const primary = { postgres: 'primary', timeline: 4 } as const;
const unprepared = {
  receiverClosed: false,
  oldLabel: 'on',
  configurationInEffect: false,
  historiesPlanted: false,
  ledPersisted: false,
} as const;

const table: [rule: string, state: string, action: string, facts: Partial<PromotionFacts>][] = [
  ['lost-before-the-end', 'failed', 'end-postgres', { postgres: 'promoting', freshUntil: 1000 }],
  ['lost-before-the-end', 'failed', 'end-postgres', { postgres: 'promoting', elected: false }],
  ['promotion-overdue', 'failed', 'end-postgres', { postgres: 'promoting', orderedAt: 0, promotionTimeout: 1000 }],
  ['promotion-overdue', 'failed', 'end-postgres', { postgres: 'promoting', orderedAt: 500, promotionTimeout: 400 }],
  ['wait-for-promotion', 'promoting', 'stay', { postgres: 'promoting', orderedAt: 900, promotionTimeout: 1000 }],
  ['gives-the-role-away', 'idle', 'stay', { ...primary, leaving: true }],
  ['not-elected', 'idle', 'stay', { ...primary, elected: false }],
  ['not-elected', 'idle', 'stay', { elected: false }],
  ['promised-above', 'idle', 'stay', { promised: 5 }],
  ['hold-in-force', 'idle', 'stay', { holdUntil: 1001 }],
  ['renewal-under-way', 'preparing', 'stay', { freshUntil: 900, renewing: true }],
  ['renew-first', 'preparing', 'renew', { freshUntil: 900 }],
  ['wrong-timeline', 'failed', 'stop-and-alarm', { postgres: 'primary', timeline: 2 }],
  ['wait-for-postgres', 'preparing', 'stay', { postgres: 'starting' }],
  ['wait-for-postgres', 'preparing', 'stay', { postgres: 'down' }],
  ['wait-for-postgres', 'preparing', 'stay', { postgres: 'stopping' }],
  ['close-receiver', 'preparing', 'close-receiver', { receiverClosed: false }],
  ['take-label-off-old-primary', 'preparing', 'take-label-off-old-primary', { oldLabel: 'on' }],
  ['apply-configuration', 'preparing', 'apply-configuration', { oldLabel: 'tried', configurationInEffect: false }],
  ['plant-histories', 'preparing', 'plant-histories', { historiesPlanted: false }],
  ['persist-led', 'preparing', 'persist-led', { ledPersisted: false }],
  ['promote', 'promoting', 'promote', {}],
  ['promote', 'promoting', 'promote', { holdUntil: 1000, renewing: true, timeline: 3 }],
  ['wait-for-promotion', 'promoting', 'stay', { postgres: 'promoting' }],
  ['wait-for-promotion', 'promoting', 'stay', { postgres: 'promoting', timeline: 3, promised: 5, holdUntil: 1001 }],
  ['wait-for-promotion', 'promoting', 'stay', { postgres: 'primary' }],
  ['tell-peers', 'announcing', 'tell-peers', primary],
  ['tell-peers', 'announcing', 'tell-peers', { ...primary, ...unprepared, promised: 5 }],
  ['tell-peers', 'announcing', 'tell-peers', { postgres: 'primary', timeline: 2, promoted: false }],
  ['set-own-label', 'announcing', 'set-own-label', { ...primary, peersTold: true }],
  ['write-status', 'announcing', 'write-status', { ...primary, peersTold: true, ownLabel: true }],
  ['leads', 'leading', 'stay', { ...primary, peersTold: true, ownLabel: true, statusWritten: true, holdUntil: 9000 }],
  // Who has been promoted is not overdue any more, however long ago it was ordered.
  ['tell-peers', 'announcing', 'tell-peers', { ...primary, orderedAt: 0, promotionTimeout: 500 }],
];

test.each(table)('%s → %s', (rule, state, action, over) => {
  expect(promotion.decide(someFacts(over))).toEqual({ state, action: { type: action, rule } });
});

test('every row is in the table', () => {
  expect([...new Set(table.map(([rule]) => rule))].sort()).toEqual(promotionRows.map(({ rule }) => rule).sort());
});

const anyFacts: fc.Arbitrary<PromotionFacts> = fc.record(
  {
    now: fc.nat(2000),
    leaving: fc.boolean(),
    elected: fc.boolean(),
    epoch: fc.integer({ min: 1, max: 4 }),
    promised: fc.integer({ min: 1, max: 4 }),
    freshUntil: fc.nat(2000),
    renewing: fc.boolean(),
    holdUntil: fc.nat(2000),
    postgres: fc.constantFrom('down', 'starting', 'standby', 'promoting', 'primary', 'stopping'),
    receiverClosed: fc.boolean(),
    oldLabel: fc.constantFrom('on', 'off', 'tried'),
    configurationInEffect: fc.boolean(),
    historiesPlanted: fc.boolean(),
    ledPersisted: fc.boolean(),
    orderedAt: fc.nat(2000),
    promotionTimeout: fc.nat(2000),
    promoted: fc.boolean(),
    timeline: fc.integer({ min: 1, max: 4 }),
    peersTold: fc.boolean(),
    ownLabel: fc.boolean(),
    statusWritten: fc.boolean(),
  },
  {
    requiredKeys: [
      'now',
      'leaving',
      'elected',
      'epoch',
      'promised',
      'renewing',
      'postgres',
      'receiverClosed',
      'oldLabel',
      'configurationInEffect',
      'historiesPlanted',
      'ledPersisted',
      'promotionTimeout',
      'promoted',
      'peersTold',
      'ownLabel',
      'statusWritten',
    ],
  },
);

test('nobody is promoted, and nothing is announced, without all that must come before', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { action } = promotion.decide(facts);
      const fresh = facts.freshUntil !== undefined && facts.now < facts.freshUntil;
      if (action.type === 'promote') {
        expect(fresh).toBe(true);
        expect(facts.promised).toBe(facts.epoch);
        expect(facts.holdUntil === undefined || facts.now >= facts.holdUntil).toBe(true);
        expect(facts).toMatchObject({ elected: true, receiverClosed: true, configurationInEffect: true });
        expect(facts).toMatchObject({ historiesPlanted: true, ledPersisted: true });
        expect(facts.oldLabel).not.toBe('on');
      }
      if (['tell-peers', 'set-own-label', 'write-status'].includes(action.type)) {
        expect(facts).toMatchObject({ elected: true, postgres: 'primary', leaving: false });
        if (facts.promoted) expect(facts.timeline).toBe(facts.epoch);
        expect(fresh).toBe(true);
      }
    }),
    { numRuns: 3000 },
  );
});

test('a promotion that was interrupted after any step goes on to its end', () => {
  const done: Record<string, Partial<PromotionFacts>> = {
    renew: { freshUntil: 9000 },
    'close-receiver': { receiverClosed: true },
    'take-label-off-old-primary': { oldLabel: 'tried' },
    'apply-configuration': { configurationInEffect: true },
    'plant-histories': { historiesPlanted: true },
    'persist-led': { ledPersisted: true },
    promote: primary,
    'tell-peers': { peersTold: true },
    'set-own-label': { ownLabel: true },
    'write-status': { statusWritten: true },
  };
  const { freshUntil: _, ...unknown } = someFacts({ receiverClosed: false, oldLabel: 'on' });
  let facts: PromotionFacts = {
    ...unknown,
    configurationInEffect: false,
    historiesPlanted: false,
    ledPersisted: false,
  };
  const steps: string[] = [];
  for (let decision = promotion.decide(facts); decision.state !== 'leading'; decision = promotion.decide(facts)) {
    steps.push(decision.action.type);
    facts = { ...facts, ...done[decision.action.type] };
  }
  expect(steps).toEqual(Object.keys(done));
});
