import { expect, test } from '@jest/globals';
import { chainOf } from './chain.ts';
import { extentRequest, parseRate } from './extent.ts';

test.each([
  ['32Ki', 32],
  ['50Mi', 51_200],
  ['1Gi', 1 << 20],
])('a rate of %s is %i KiB a second', (text, rate) => expect(parseRate(text)).toBe(rate));

test.each(['', '50', '50MB', '31Ki', '2Gi', '-1Mi', '1.5Mi'])('a rate of "%s" is refused by name', (text) => {
  expect(() => parseRate(text)).toThrow('annotation howdah.dev/max-rate');
});

test('annotations of others ask for nothing', () => {
  expect(extentRequest(undefined)).toEqual({});
  expect(extentRequest({ 'example.org/x': '1', 'howdah.dev/incremental-from': 'latest' })).toEqual({
    incrementalFrom: 'latest',
  });
});

const entry = (id: string, parentBackupId?: string) => ({
  id,
  info: { status: 'DONE' as const, ...(parentBackupId !== undefined && { parentBackupId }) },
});

test('a chain begins with its full backup and ends with what was asked for', () => {
  const backups = [entry('a'), entry('b', 'a'), entry('x'), entry('c', 'b')];
  const ids = (id: string) => {
    const chain = chainOf({ backups }, backups.find((one) => one.id === id) ?? entry(id));
    return [chain.members.map((one) => one.id), chain.missing];
  };
  expect(ids('a')).toEqual([['a'], undefined]);
  expect(ids('c')).toEqual([['a', 'b', 'c'], undefined]);
  const orphan = entry('o', 'gone');
  expect(chainOf({ backups }, orphan)).toEqual({ members: [orphan], missing: 'gone' });
  const loop = [entry('l', 'm'), entry('m', 'l')];
  expect(chainOf({ backups: loop }, loop[0] as never).missing).toBe('l');
});
