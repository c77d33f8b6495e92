import { describe, expect, test } from '@jest/globals';
import { type VoterFacts, answerHold, answerPrevote, promiseStep } from './voter.ts';

const someFacts = (over: Partial<VoterFacts> = {}): VoterFacts => ({
  now: 1000,
  member: true,
  whole: true,
  primary: false,
  holdsLease: false,
  claiming: false,
  promoting: false,
  promised: 3,
  paused: false,
  wouldStand: true,
  receiverClosed: true,
  position: { timeline: 3, lsn: 100n },
  ...over,
});
const ahead = { timeline: 3, lsn: 100n };

describe('prevote', () => {
  test('yes under the candidate’s own test', () => expect(answerPrevote(someFacts())).toEqual({ granted: true }));
  test.each([
    ['not-a-member', { member: false }],
    ['hold-in-force', { holdUntil: 1001 }],
    ['paused', { paused: true }],
    ['lease-is-alive', { wouldStand: false }],
  ] as const)('no: %s', (reason, over) => {
    expect(answerPrevote(someFacts(over))).toEqual({ granted: false, reason });
  });
});

test('a hold binds until its end, not at it', () => {
  expect(answerPrevote(someFacts({ holdUntil: 1000 }))).toEqual({ granted: true });
  expect(promiseStep(someFacts({ holdUntil: 1000 }), 4, ahead)).toMatchObject({ do: 'persist-and-grant' });
});

describe('promise', () => {
  test('nothing is granted while the end of the own log is not known', () => {
    const { position: _, ...unread } = someFacts();
    expect(promiseStep(unread, 4, ahead)).toEqual({ do: 'close-receiver' });
  });
  test('first the receiver is closed, then the position is taken, then it is kept and granted', () => {
    expect(promiseStep(someFacts({ receiverClosed: false }), 4, ahead)).toEqual({ do: 'close-receiver' });
    expect(promiseStep(someFacts(), 4, ahead)).toEqual({
      do: 'persist-and-grant',
      position: { timeline: 3, lsn: 100n },
    });
  });
  test.each([
    ['not-a-member', { member: false }, 4, ahead],
    ['hold-in-force', { holdUntil: 1001 }, 4, ahead],
    ['primary', { primary: true }, 4, ahead],
    ['primary', { promoting: true }, 4, ahead],
    ['claiming', { claiming: true }, 4, ahead],
    ['epoch-not-above-promise', {}, 3, ahead],
    ['candidate-behind', {}, 4, { timeline: 3, lsn: 99n }],
    ['candidate-behind', {}, 4, { timeline: 2, lsn: 999n }],
  ] as const)('refused: %s', (reason, over, epoch, candidate) => {
    expect(promiseStep(someFacts(over), epoch, candidate)).toEqual({ do: 'refuse', reason });
  });
});

describe('hold', () => {
  test('granted to the primary of an epoch that nobody was promised over', () => {
    expect(answerHold(someFacts(), 3)).toEqual({ granted: true });
  });
  test.each([
    ['claiming', { claiming: true }],
    ['holder', { holdsLease: true }],
    ['primary', { primary: true }],
    ['primary', { promoting: true }],
    ['promised-above', { promised: 4 }],
  ] as const)('refused: %s', (reason, over) => {
    expect(answerHold(someFacts(over), 3)).toEqual({ granted: false, reason });
  });
});
