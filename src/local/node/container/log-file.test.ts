import { appendFileSync, linkSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { logFile, LogPump, rotatedLogFiles } from './log-file.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'log-'));
  for (const name of ['stdout', 'stderr']) writeFileSync(path.join(directory, name), '');
});
afterEach(() => rmSync(directory, { recursive: true }));

const write = (name: string, text: string): void => appendFileSync(path.join(directory, name), text);
const lines = (file = logFile(directory)): string[] =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.replace(/^\S+ /, ''));

test('each line has its stream; a line without its end waits for it; the last one does not', async () => {
  const pump = new LogPump(directory);
  await pump.start();
  write('stdout', 'one\ntw');
  write('stderr', 'bad\n');
  await pump.flush();
  expect(lines()).toEqual(['stdout F one', 'stderr F bad']);
  write('stdout', 'o\nthree');
  await pump.stop(true);
  expect(lines()).toEqual(['stdout F one', 'stderr F bad', 'stdout F two', 'stdout F three']);
});

test('another pump goes on where the first was left, in the middle of a line too', async () => {
  const first = new LogPump(directory);
  await first.start();
  write('stdout', 'one\nha');
  await first.stop(false);
  write('stdout', 'lf\n');
  const second = new LogPump(directory);
  await second.start();
  await second.stop(true);
  expect(lines()).toEqual(['stdout F one', 'stdout F half']);
});

test('the position is replaced as a whole: a kill in the middle leaves the one before', async () => {
  const pump = new LogPump(directory);
  await pump.start();
  write('stdout', 'one\n');
  await pump.flush();
  // The same file under another name: what is written into it would be seen there.
  linkSync(path.join(directory, 'position'), path.join(directory, 'before'));
  write('stdout', 'two\n');
  await pump.stop(true);
  const read = (name: string): unknown => JSON.parse(readFileSync(path.join(directory, name), 'utf8'));
  expect([read('before'), read('position')]).toEqual([
    [4, 0],
    [8, 0],
  ]);
});

test('a log is rotated and what was read is given back to the disk, without a line lost', async () => {
  const pump = new LogPump(directory, { rotateBytes: 50_000, punchBytes: 100_000 });
  await pump.start();
  let count = 0;
  for (let round = 0; round < 4; round++) {
    let text = '';
    for (let line = 0; line < 1000; line++) text += `line ${count++} ${'x'.repeat(50)}\n`;
    write('stdout', text);
    await pump.flush();
  }
  await pump.stop(true);
  const kept = rotatedLogFiles(directory)
    .flatMap((file) => lines(file))
    .map((line) => Number(line.split(' ')[3]));
  expect(kept).toEqual(Array.from({ length: 2000 }, (_, index) => index + 2000));
  expect(statSync(path.join(directory, 'stdout')).size).toBeGreaterThan(200_000);
});
