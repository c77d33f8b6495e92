import { expect, test } from '@jest/globals';
import { textTable } from './text-table.ts';

test('tables have columns', () => {
  expect(
    textTable([
      ['A', 'B'],
      ['long', 'x'],
    ]),
  ).toBe('A      B\nlong   x');
});
