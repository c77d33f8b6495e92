import { describe, expect, test } from '@jest/globals';
import type { Configuration, Member } from '../protocol/types.ts';
import { dispensable, inForce, type Listed, namedOtherwise, nextLife, replaces } from './lives.ts';

/** 'a1': the first life of a. */
const life = (text: string): Member => ({ instance: text.slice(0, 1), incarnation: text.slice(1) });
/** 'a1: b1 c1' is a set of a's with two names, of which one must flush; '2 a1: b1 c1': both. */
const aSet = (text: string): Configuration => {
  const [, number = '1', owner = '', names = ''] = /^(?:(\d) )?(\w+):(.*)$/.exec(text) ?? [];
  const members = names.trim() === '' ? [] : names.trim().split(' ').map(life);
  return { version: 1, epoch: 1, owner: life(owner), names: members, external: [], number: Number(number) };
};
const sets = (...texts: string[]): Listed => ({ configurations: texts.map(aSet) });
const elected = 'b1: a1 c1';

describe('a life of a directory that cannot follow as it is', () => {
  test.each([
    ['is named in the newest set, which has others', [elected], 'a1', false],
    ['owns an older set', ['a1: b1 c1', 'b1: c1'], 'a1', false],
    ['is named in an older set', [elected, 'b1: c1'], 'a1', false],
    ['is named in none, and owns none', ['b1: c1'], 'a1', true],
    ['is another life than those that are named', [elected], 'a2', true],
    ['is one without which the newest set acknowledges nothing', ['b1: a1'], 'a1', true],
    ['is one of two, and both are waited for', ['2 b1: a1 c1'], 'a1', true],
    ['has left, and so have all others', [elected, 'b1: c1', 'b1:'], 'a1', true],
    ['has left a set of two that waits for both', ['2 b1: a1 c1', '2 b1: c1'], 'a1', true],
    ['is named only by sets that wait for nobody', ['0 b1: a1'], 'a1', true],
    ['is named by an older set, and the newest waits for nobody', ['b1: a1', '0 b1:'], 'a1', false],
  ] as const)('%s', (_, texts, who, may) => {
    expect(dispensable(sets(...texts), life(who), false)).toBe(may);
  });

  test('a rewind that was begun in it is ended whatever names it: nothing is left to keep', () => {
    expect(dispensable(sets(elected), life('a1'), true)).toBe(true);
  });

  test('names of others stand in for its own', () => {
    const newest = { ...aSet('b1:'), external: ['elsewhere'] };
    expect(dispensable({ configurations: [aSet(elected), newest] }, life('a1'), false)).toBe(false);
  });

  test('without any set nobody counts on anybody', () => {
    expect([inForce(sets(), life('a1')), dispensable(sets(), life('a1'), false)]).toEqual([false, true]);
  });
});

test('another life is named: until that has left this one is no member', () => {
  expect(namedOtherwise(sets(elected), life('a2'))).toBe(true);
  expect(namedOtherwise(sets(elected), life('a1'))).toBe(false);
  expect(namedOtherwise(sets('0 b1: a1'), life('a2'))).toBe(false);
  expect(namedOtherwise(sets(elected, 'b1: c1'), life('a2'))).toBe(true);
  expect(namedOtherwise(sets('b1: c1'), life('a2'))).toBe(false);
});

describe('a new life comes into the next set at once', () => {
  test.each([
    ['not where a set without the instance would be in force', [elected], 'c2', false],
    ['where no set without the instance would be', ['b1: c1'], 'c2', true],
    ['where the newest has no names', [elected, 'b1:'], 'c2', true],
    ['where the newest has fewer than it waits for', [elected, '2 b1: a1'], 'c2', true],
    ['where the newest of three has no names', [elected, elected, 'b1:'], 'c2', true],
    ['not for what an older set could do without', [elected, 'b1: a1'], 'c2', false],
    ['where only a set that waits for nobody names another life', ['0 b1: a1 c1'], 'c2', true],
    ['where nobody names any life of it', ['b1: a1 d1'], 'c2', true],
    ['where it is named itself', ['b1: a1 c2'], 'c2', true],
  ] as const)('%s', (_, texts, who, may) => expect(replaces(sets(...texts), life(who))).toBe(may));
});

describe('the life that is a name of the next set', () => {
  const empty = sets(elected, 'b1:');
  test.each([
    ['the one that is a member', sets(elected), 'a1', undefined, false, 'a1'],
    ['none, when that asks to leave', sets(elected), 'a1', undefined, true, undefined],
    ['the one that is a member, when it asks to be one again', sets(elected), 'a1', 'a1', false, 'a1'],
    ['none, when it asks to be one again and to leave', sets(elected), 'a1', 'a1', true, undefined],
    ['none, while the one before stands in the way', sets(elected), 'a1', 'a2', false, undefined],
    ['the new one, as soon as it may', empty, 'a1', 'a2', false, 'a2'],
    ['the new one, also when the one before had asked to leave', empty, 'a1', 'a2', true, 'a2'],
  ] as const)('%s: %#', (_, listed, present, comes, leaves, expected) => {
    const coming = comes === undefined ? undefined : life(comes);
    const next = nextLife(listed, life(present), { comes: coming, leaves });
    expect(next).toEqual(expected === undefined ? undefined : life(expected));
  });
});
