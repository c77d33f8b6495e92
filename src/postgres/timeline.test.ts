import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseLsn } from './lsn.ts';
import { firstTimeline, isAncestor, isFileOfHistory, parseHistory, renderHistory, timelineEnd } from './timeline.ts';

const size = 16 << 20;
const text = '1\t0/5000148\tno recovery target specified\n3\t0/7000000\tbefore 2026-01-01 00:00:00+00\n';
const history = parseHistory(10, text);

test('a history file is read and written as PostgreSQL does', () => {
  expect(history.switches.map((entry) => entry.timeline)).toEqual([1, 3]);
  expect(renderHistory(history)).toBe(text);
  expect(parseHistory(2, '# comment\n\n1 0/5000148\n').switches[0]).toEqual({
    timeline: 1,
    end: parseLsn('0/5000148'),
    reason: '',
  });
  expect(parseHistory(12, '  # comment\n \n  10  0/5000148  x\n').switches).toEqual([
    { timeline: 10, end: parseLsn('0/5000148'), reason: 'x' },
  ]);
  expect(timelineEnd(history, 10)).toBe('open');
  expect(timelineEnd(history, 2)).toBeUndefined();
});

test.each([
  ['a line without number', 2, 'x\t0/1\n', 'history of timeline 2: cannot read line "x\t0/1"'],
  ['a number that is none', 2, 'x1\t0/1\n', 'cannot read line'],
  ['half a number', 2, '1x\t0/1\n', 'cannot read line'],
  ['a line without position', 2, '1\n', 'not an LSN: ""'],
  ['a bad position', 2, '1\tzz\n', 'not an LSN: "zz"'],
  ['timelines out of order', 9, '3\t0/1\tx\n2\t0/2\tx\n', 'history of timeline 9: timeline 2 is not after 3'],
  ['a timeline twice', 9, '3\t0/1\tx\n3\t0/2\tx\n', 'timeline 3 is not after 3'],
  ['a timeline that is its own ancestor', 3, '3\t0/1\tx\n', 'history of timeline 3 names timeline 3'],
])('%s is an error', (_, timeline, content, message) => {
  expect(() => parseHistory(timeline, content)).toThrow(message);
});

test.each([
  ['the own timeline anywhere', 10, 'FF/0', true],
  ['an ancestor before its fork', 1, '0/5000148', true],
  ['an ancestor past its fork', 1, '0/5000149', false],
  ['a sibling', 2, '0/1', false],
  ['a future timeline', 11, '0/1', false],
])('%s', (_, timeline, lsn, expected) => {
  expect(isAncestor(history, timeline, parseLsn(lsn))).toBe(expected);
});

test.each([
  ['000000010000000000000004', true, 'whole before the fork'],
  ['000000010000000000000005', false, 'the fork is inside'],
  ['000000030000000000000006', true, 'ends exactly at the fork'],
  ['000000030000000000000007', false, 'after the fork'],
  ['000000020000000000000004', false, 'a sibling timeline'],
  ['0000000A00000000000000FF', true, 'the own timeline'],
  ['0000000B.history', false, 'a future timeline'],
  ['0000000A.history', true, 'the own history'],
  ['00000003.history', true, 'the history of an ancestor'],
  ['000000010000000000000005.partial', true, 'the beginning of a segment, up to the fork'],
  ['nonsense', false, 'not a WAL file'],
])('%s: %s (%s)', (name, expected) => {
  expect(isFileOfHistory(history, name, size)).toBe(expected);
});

test('any history survives writing and reading', () => {
  const steps = fc.uniqueArray(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(steps, fc.bigInt({ min: 0n, max: 1n << 60n }), (timelines, end) => {
      const sorted = timelines.toSorted((a, b) => a - b);
      const made = { timeline: 1001, switches: sorted.map((timeline) => ({ timeline, end, reason: 'x y' })) };
      expect(parseHistory(1001, renderHistory(made))).toEqual(made);
    }),
  );
  expect(isAncestor(firstTimeline, 1, 5n)).toBe(true);
  expect(renderHistory(firstTimeline)).toBe('');
});
