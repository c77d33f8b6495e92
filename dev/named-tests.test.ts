// docs/faults.md and README's comparison name tests: each of them exists, under that title.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';

const root = path.dirname(import.meta.dirname);
const page = (name: string): string => readFileSync(path.join(root, name), 'utf8');
/** Without the head of the table and those of its parts. */
const rows = (text: string): string[] => text.split('\n').filter((line) => /^\| (?!fault |\*\*|\|)/.test(line));
const faults = rows(page('docs/faults.md'));
const comparison = rows(page('README.md').split('## Beside CloudNativePG')[1]?.split('\n## ')[0] ?? '');

/** `file` "title", "title" … of one row. */
const named = (row: string): { file: string; titles: string[] }[] =>
  [...row.matchAll(/`([^`]+\.test\.ts)`((?:,? "[^"]+")*)/g)].map(([, file = '', titles = '']) => ({
    file,
    titles: [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => title),
  }));

test('every fault of the catalogue has its row', () => {
  const numbers = faults.flatMap((row) => /^\| (F\d+)/.exec(row)?.[1] ?? []);
  expect(numbers).toEqual(Array.from({ length: 36 }, (_, i) => `F${i + 1}`));
});

test("README's comparison has rows", () => expect(comparison.length).toBeGreaterThan(5));

test.each([...faults, ...comparison])('%s', (row) => {
  const tests = named(row);
  expect(tests.length > 0 || row.includes('waits for')).toBe(true);
  for (const { file, titles } of tests) {
    expect([file, existsSync(path.join(root, file))]).toEqual([file, true]);
    const text = readFileSync(path.join(root, file), 'utf8');
    expect(titles.filter((title) => !text.includes(title))).toEqual([]);
  }
});
