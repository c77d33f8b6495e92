import { expect, test } from '@jest/globals';
import type { Outcome, Step, Transaction } from './history.ts';
import { checkListAppend } from './list-append.ts';

/** `x+1` appends 1 to x; `x=1,2` reads [1 2] of x; `!` aborted, `?` in doubt. */
function history(...texts: string[]): Transaction[] {
  return texts.map((text, index) => {
    const outcome: Outcome = text.endsWith('!') ? 'aborted' : text.endsWith('?') ? 'in-doubt' : 'committed';
    const steps = text
      .replace(/[!?]$/, '')
      .trim()
      .split(' ')
      .map((part): Step => {
        const [, key = '', how, rest = ''] = /^(\w)([+=])(.*)$/.exec(part) ?? [];
        const numbers = rest === '' ? [] : rest.split(',').map(Number);
        return how === '+' ? { append: numbers[0] ?? 0, key } : { read: numbers, key };
      });
    return { id: index + 1, outcome, steps };
  });
}
const end = (lists: Record<string, number[]>): Map<string, number[]> => new Map(Object.entries(lists));
const names = (transactions: Transaction[], final: Map<string, number[]>): string[] => [
  ...new Set(checkListAppend(transactions, final).map(({ name }) => name)),
];

test('a serial history shows nothing', () => {
  const serial = history('x+1 y+2', 'x=1 y=2 x+3', 'y=2 y+4 y=2,4', 'x=1,3 y=2,4');
  expect(checkListAppend(serial, end({ x: [1, 3], y: [2, 4] }))).toEqual([]);
});

test('what is in doubt may be there or not; what was aborted is not', () => {
  const transactions = history('x+1?', 'x+2?', 'x+3!', 'x=1');
  expect(checkListAppend(transactions, end({ x: [1] }))).toEqual([]);
});

test.each([
  ['an acknowledged append that is gone at the end', 'lost', history('x+1', 'x+2'), { x: [1] }],
  ['the same, though it was read before', 'lost', history('x+1', 'x+2', 'x=1,2'), { x: [1] }],
  ['a value that is there twice', 'duplicated', history('x+1'), { x: [1, 1] }],
  ['a value that nobody wrote', 'unknown-value', history('x+1'), { x: [1, 7] }],
  ['two histories of one list', 'incompatible-order', history('x+1', 'x+2', 'x=2'), { x: [1, 2] }],
  ['an aborted append that is seen', 'G1a', history('x+1!', 'x=1'), { x: [1] }],
  ['half of a transaction', 'G1b', history('x+1 x+2', 'x=1'), { x: [1, 2] }],
  ['a transaction that does not see its own append', 'internal', history('x+1 x='), { x: [1] }],
  ['writes in two orders', 'G0', history('x+1 y+2', 'x+3 y+4'), { x: [1, 3], y: [4, 2] }],
  ['two that read each other', 'G1c', history('x+1 y=2', 'y+2 x=1'), { x: [1], y: [2] }],
  ['a read that sees one half of what was before it', 'G-single', history('x+1 y+2', 'x=1 y='), { x: [1], y: [2] }],
  ['two that did not see each other', 'G2', history('x= y+1', 'y= x+2'), { x: [2], y: [1] }],
])('%s is found', (_, name, transactions, final) => {
  expect(names(transactions, end(final))).toContain(name);
});

test('a cycle of anti-dependencies alone is none that is worse', () => {
  expect(names(history('x= y+1', 'y= x+2'), end({ x: [2], y: [1] }))).toEqual(['G2']);
});

test('an anomaly planted in a long serial history is found, and the history without it is clean', () => {
  const lists = new Map<string, number[]>([
    ['x', []],
    ['y', []],
    ['z', []],
  ]);
  const keys = [...lists.keys()];
  const transactions = Array.from({ length: 1000 }, (_, index): Transaction => {
    const [key, other] = [keys[index % 3] ?? '', keys[(index * 7 + 1) % 3] ?? ''];
    const read = [...(lists.get(other) ?? [])].slice(0);
    const step: Step[] = [
      { key: other, read },
      { key, append: index + 1 },
    ];
    lists.get(key)?.push(index + 1);
    return { id: index + 1, outcome: 'committed', steps: step };
  });
  expect(checkListAppend(transactions, lists)).toEqual([]);
  const stale: Transaction = {
    id: 9001,
    outcome: 'committed',
    steps: [
      { key: 'x', read: [] },
      { key: 'y', read: lists.get('y') ?? [] },
    ],
  };
  expect(names([...transactions, stale], lists)).toEqual(['G-single']);
});
