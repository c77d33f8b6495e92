import { expect, test } from '@jest/globals';
import { isStale } from './facts.ts';
import type { ServerState } from './sql/server-state.ts';

const seconds = (n: number): number => 1_700_000_000_000 + n * 1000;
const starting = { state: 'starting', pid: 1, startedBy: seconds(0) } as const;
const up = { state: 'up', pid: 1, startedBy: seconds(0) } as const;
const loadedAt = (n: number): ServerState => ({ loadedAt: new Date(seconds(n)) }) as ServerState;

test.each([
  ['files that differ from the wish, on a server that starts', starting, undefined, ['override.conf'], -1, true],
  ['files written since the start, on a server that starts', starting, undefined, [], 5, true],
  ['files of before the start', starting, undefined, [], -1, false],
  ['files of before the last load', up, loadedAt(10), [], 5, false],
  ['files of after the last load', up, loadedAt(10), [], 11, true],
  ['a server that is up and does not answer', up, undefined, ['override.conf'], 5, false],
] as const)('%s', (_, postmaster, server, differing, written, stale) => {
  expect(isStale({ postmaster, server, differing: [...differing], filesWrittenAt: seconds(written) })).toBe(stale);
});
