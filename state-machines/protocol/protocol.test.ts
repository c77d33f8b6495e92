import { describe, expect, test } from '@jest/globals';
import { nextEpoch } from './epoch.ts';
import { onHistory } from './history.ts';
import { comparePositions } from './position.ts';
import { inReach, readQuorum, satisfies, unsatisfied } from './quorum.ts';
import { clockRateBound, stopBound, unsafeTiming } from './timing.ts';
import type { Configuration, GrantedPromise, Member } from './types.ts';

const member = (instance: string, incarnation = '1'): Member => ({ instance, incarnation });
const aConfiguration = (over: Partial<Configuration> = {}): Configuration => ({
  version: 1,
  epoch: 1,
  owner: member('a'),
  names: [member('b'), member('c')],
  external: [],
  number: 1,
  ...over,
});
const aPromise = (who: Member, over: Partial<GrantedPromise> = {}): GrantedPromise => ({
  member: who,
  epoch: 2,
  position: { timeline: 1, lsn: 10n },
  ownsLog: false,
  ...over,
});

describe('positions', () => {
  test.each([
    [{ timeline: 1, lsn: 9n }, { timeline: 1, lsn: 10n }, -1],
    [{ timeline: 2, lsn: 1n }, { timeline: 1, lsn: 99n }, 1],
    [{ timeline: 3, lsn: 7n }, { timeline: 3, lsn: 7n }, 0],
  ])('%p against %p', (a, b, sign) => {
    expect(Math.sign(comparePositions(a, b))).toBe(sign);
    expect(Math.sign(comparePositions(b, a))).toBe(sign === 0 ? 0 : -sign);
  });
});

describe('read quorum: R + W > N', () => {
  test.each([
    ['three instances, ANY 1', aConfiguration(), 2],
    ['three instances, ANY 2', aConfiguration({ number: 2 }), 1],
    ['two instances', aConfiguration({ names: [member('b')] }), 1],
    ['an external name counts in N', aConfiguration({ external: ['elsewhere'] }), 3],
  ])('%s', (_, configuration, expected) => {
    expect(readQuorum(configuration)).toBe(expected);
  });
});

describe('a claim', () => {
  test('ANY 1 of two needs both standbys', () => {
    expect(satisfies(aConfiguration(), [aPromise(member('b'))])).toBe(false);
    expect(satisfies(aConfiguration(), [aPromise(member('b')), aPromise(member('c'))])).toBe(true);
  });
  test('an asynchronous configuration asks for nobody', () => {
    expect(satisfies(aConfiguration({ number: 0 }), [])).toBe(true);
  });
  test('one standby twice is one', () => {
    expect(satisfies(aConfiguration(), [aPromise(member('b')), aPromise(member('b'))])).toBe(false);
  });
  test('the stopped owner with its whole log is a quorum alone', () => {
    expect(satisfies(aConfiguration(), [aPromise(member('a'), { ownsLog: true })])).toBe(true);
    expect(satisfies(aConfiguration(), [aPromise(member('a'))])).toBe(false);
  });
  test('an owner that was never promoted under it has acknowledged nothing by it', () => {
    const claimed = aConfiguration({ epoch: 2, owner: member('b'), names: [member('a'), member('c')] });
    expect(satisfies(claimed, [aPromise(member('b'), { epoch: 3 }), aPromise(member('c'))])).toBe(true);
    const led = { epoch: 3, position: { timeline: 2, lsn: 10n } };
    expect(satisfies(claimed, [aPromise(member('b'), led), aPromise(member('c'))])).toBe(false);
    expect(satisfies(claimed, [aPromise(member('b', '2'), { epoch: 3 }), aPromise(member('c'))])).toBe(false);
  });
  test('a clone under an old name does not count', () => {
    const promises = [aPromise(member('b')), aPromise(member('c', '2'))];
    expect(satisfies(aConfiguration(), promises)).toBe(false);
  });
  test('external names hold data and never promise: without enough of the cluster the claim waits', () => {
    const configuration = aConfiguration({ names: [member('b')], external: ['elsewhere'] });
    expect(satisfies(configuration, [aPromise(member('b'))])).toBe(false);
  });
  test('every configuration in force must agree', () => {
    const older = aConfiguration();
    const newer = aConfiguration({ version: 2, names: [member('b')] });
    expect(unsatisfied([older, newer], [aPromise(member('b'))])).toBe(older);
    expect(unsatisfied([older, newer], [aPromise(member('b')), aPromise(member('c'))])).toBeUndefined();
  });
});

test.each<[string, Configuration[], Member[], boolean]>([
  ['one standby of two, alone', [aConfiguration()], [member('b')], false],
  ['both standbys', [aConfiguration()], [member('b'), member('c')], true],
  ['a clone under an old name', [aConfiguration()], [member('b'), member('c', '2')], false],
  ['the owner, who may have stopped with its whole log', [aConfiguration()], [member('a'), member('b')], true],
  [
    'enough for the older one only',
    [aConfiguration(), aConfiguration({ version: 2, owner: member('b'), names: [member('a'), member('c')] })],
    [member('a'), member('d')],
    false,
  ],
  ['nobody, asynchronous', [aConfiguration({ number: 0 })], [], true],
])('a quorum in reach: %s', (_, configurations, members, expected) => {
  expect(inReach(configurations, members)).toBe(expected);
});

describe('lease timings', () => {
  test.each([
    [15, 10, 2],
    [5, 2, 1],
  ])('%d/%d/%d are safe', (duration, renewDeadline, retryPeriod) => {
    expect(unsafeTiming({ duration, renewDeadline, retryPeriod })).toBeUndefined();
  });
  test.each([
    [15, 14, 2, /leaseDurationSeconds 15 is too short/],
    [12, 10, 2, /a primary that lost its lease is silent after 12\.62 s/],
    [15, 10, 6, /at least twice retryPeriodSeconds 6/],
  ])('%d/%d/%d are refused', (duration, renewDeadline, retryPeriod, message) => {
    expect(unsafeTiming({ duration, renewDeadline, retryPeriod })).toMatch(message);
  });
  test('a lease that is as long as the silence takes is long enough', () => {
    const duration = ((10 + stopBound) * (1 + clockRateBound)) / (1 - clockRateBound) + 0.5;
    expect(unsafeTiming({ duration, renewDeadline: 10, retryPeriod: 2 })).toBeUndefined();
  });
});

test('an epoch is above everything seen', () => {
  expect(nextEpoch([3, 7, 5])).toBe(8);
  expect(nextEpoch([])).toBe(1);
});

describe('a log is a beginning of the primary’s', () => {
  const history = {
    timeline: 4,
    switches: [
      { timeline: 1, end: 100n },
      { timeline: 2, end: 150n },
    ],
  };
  test.each([
    ['on the same timeline', 4, 999n, true],
    ['up to the fork', 1, 100n, true],
    ['on an older one, up to its fork', 2, 149n, true],
    ['beyond the fork', 1, 101n, false],
    ['on a timeline that it never was on', 3, 1n, false],
    ['on a newer timeline', 5, 1n, false],
  ] as const)('%s', (_, timeline, lsn, expected) => expect(onHistory({ timeline, lsn }, history)).toBe(expected));
});
