import { expect, test } from '@jest/globals';
import type { Run } from './once.ts';
import { broken, reached, row, type Series, steps } from './report.ts';

const aRun = (given: Partial<Run> = {}): Run => ({
  gap: 500,
  acknowledged: 1000,
  lost: 0,
  lostBefore: 0,
  from: 'bench-1',
  to: 'bench-2',
  ...given,
});
const aSeries = (given: Partial<Series> = {}, kind: Partial<Series['kind']> = {}): Series => ({
  kind: { name: 'crash', what: 'postgres killed', mayLose: false, limit: 1000, floor: 'restart', ...kind },
  runs: [aRun()],
  failures: [],
  ...given,
});

test('nothing is broken when nothing was lost and nobody overlapped', () => {
  expect(broken(aSeries())).toEqual([]);
});

test('a lost write is a broken promise where the primary could still be asked', () => {
  expect(broken(aSeries({ runs: [aRun(), aRun({ lost: 2 })] }))).toEqual([
    'crash: 2 acknowledged writes lost that must not be',
  ]);
});

test('asynchronous replication may lose what was not sent yet, and nothing older', () => {
  expect(broken(aSeries({ runs: [aRun({ lost: 7 })] }, { mayLose: true }))).toEqual([]);
  expect(broken(aSeries({ runs: [aRun({ lost: 7, lostBefore: 1 })] }, { mayLose: true }))).toHaveLength(1);
});

test('two that acknowledged at one time are never excused, not even for no time at all', () => {
  expect(broken(aSeries({ runs: [aRun({ overlap: 0 })] }, { mayLose: true }))).toEqual([
    'crash: two acknowledged at one time, for 0 ms',
  ]);
});

test('a run that failed is told', () => {
  expect(broken(aSeries({ failures: ['crash 3: waited in vain'] }))).toEqual(['crash 3: waited in vain']);
});

test('the p99 decides about a target, not the worst of many runs', () => {
  const many = Array.from({ length: 200 }, () => aRun());
  expect(reached(aSeries({ runs: [...many, aRun({ gap: 5000 })] }))).toBe(true);
  expect(reached(aSeries({ runs: [aRun(), aRun({ gap: 1000 })] }))).toBe(false);
});

test('a row', () => {
  const series = aSeries({ runs: [aRun(), aRun({ gap: 900, lost: 1 })], failures: ['x'] }, { peer: '9 s' });
  expect(row(series, { restart: 300, promote: 100 })).toBe(
    '| postgres killed | 0.50 s | 0.90 s | 0.90 s | 2 (1 failed) | 1 of 2000 | 0 ms | < 1 s: yes | 0.30 s: restart | 9 s |',
  );
});

test('a series without a run that came to its end has no gaps', () => {
  expect(row(aSeries({ runs: [], failures: ['x'] }), { restart: 300, promote: 100 })).toContain(
    '|  |  |  | 0 (1 failed) |',
  );
  expect(reached(aSeries({ runs: [] }))).toBe(false);
});

test('steps are told from the first one on', () => {
  const change = (seconds: number): Run['change'] => ({
    epoch: 2,
    to: 'bench-2',
    cause: 'Failover',
    steps: [
      { name: 'promoted', time: `2026-01-01T00:00:0${seconds}.000Z` },
      { name: 'requested', time: '2026-01-01T00:00:01.000Z' },
    ],
  });
  const runs = [2, 3, 4].map((seconds) => aRun({ change: change(seconds) as NonNullable<Run['change']> }));
  expect(steps([...runs, aRun()])).toEqual([
    { name: 'requested', median: 0 },
    { name: 'promoted', median: 2000 },
  ]);
});
