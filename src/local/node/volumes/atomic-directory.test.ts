import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { projectFiles } from './atomic-directory.ts';

let directory: string;
beforeEach(() => {
  directory = path.join(mkdtempSync(path.join(tmpdir(), 'volume-')), 'v');
});
afterEach(() => rmSync(path.dirname(directory), { recursive: true }));

const file = (name: string, text: string, mode = 0o640) => ({ path: name, data: Buffer.from(text), mode });
const read = (name: string): string => readFileSync(path.join(directory, name), 'utf8');

test('files appear with their modes, in folders too', async () => {
  expect(await projectFiles(directory, [file('a', '1'), file('b/c', '2', 0o600)])).toBe(true);
  expect([read('a'), read('b/c')]).toEqual(['1', '2']);
  expect(statSync(path.join(directory, 'b/c')).mode & 0o777).toBe(0o600);
});

test('an update swaps all files at once, takes old ones away and leaves nothing behind', async () => {
  await projectFiles(directory, [file('a', '1'), file('old', 'x')]);
  const before = readlinkSync(path.join(directory, '..data'));
  expect(await projectFiles(directory, [file('a', '2'), file('new/b', 'y')])).toBe(true);
  expect([read('a'), read('new/b')]).toEqual(['2', 'y']);
  const names = readdirSync(directory).sort();
  expect(names).toHaveLength(4);
  expect(names).not.toContain('old');
  expect(names).not.toContain(before);
});

test('equal files change nothing', async () => {
  await projectFiles(directory, [file('a', '1')]);
  const before = readlinkSync(path.join(directory, '..data'));
  expect(await projectFiles(directory, [file('a', '1')])).toBe(false);
  expect(readlinkSync(path.join(directory, '..data'))).toBe(before);
});
