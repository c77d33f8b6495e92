import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { FileHandle } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { WriteBehind } from './write-behind.ts';

/** Writes at most three bytes at a time, and only when told to. */
function slowFile() {
  const waiting: (() => void)[] = [];
  const bytes: number[] = [];
  const file = {
    write: async (chunk: Buffer, at: number, length: number, position: number) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      const bytesWritten = Math.min(3, length);
      for (let each = 0; each < bytesWritten; each += 1) bytes[position + each] = chunk[at + each] ?? -1;
      return { bytesWritten };
    },
  };
  return { file: file as unknown as FileHandle, waiting, text: () => Buffer.from(bytes).toString() };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('four chunks are written at once, each where it belongs, in whatever order they are done', async () => {
  const { file, waiting, text } = slowFile();
  const wrote: number[] = [];
  const behind = new WriteBehind((_, bytes) => wrote.push(bytes));
  for (const chunk of ['abcde', 'fg', 'hijk']) await behind.write(file, Buffer.from(chunk));
  let taken = false;
  const fourth = behind.write(file, Buffer.from('lm')).then(() => (taken = true));
  await turn();
  expect([waiting.length, taken]).toEqual([4, false]);
  while (wrote.length < 4) {
    waiting.pop()?.();
    await turn();
  }
  await fourth;
  await behind.settle();
  expect([text(), wrote.sort()]).toEqual(['abcdefghijklm', [2, 2, 4, 5]]);
});

test('what cannot be written is told with the next chunk, or at the end', async () => {
  const file = { write: () => Promise.reject(new Error('no space left')) } as unknown as FileHandle;
  const behind = new WriteBehind(() => undefined);
  await behind.write(file, Buffer.from('a'));
  await turn();
  await expect(behind.write(file, Buffer.from('b'))).rejects.toThrow('no space left');
  await expect(behind.settle()).rejects.toThrow('no space left');
});

test('another file begins at its own start when the one before is done', async () => {
  const place = await mkdtemp(path.join(tmpdir(), 'howdah-behind-'));
  try {
    const behind = new WriteBehind(() => undefined);
    for (const [name, chunks] of [
      ['one', ['first', ' file']],
      ['two', ['second']],
    ] as const) {
      const file = await open(path.join(place, name), 'w');
      for (const chunk of chunks) await behind.write(file, Buffer.from(chunk));
      await behind.settle();
      await file.close();
    }
    const content = await Promise.all(['one', 'two'].map((name) => readFile(path.join(place, name), 'utf8')));
    expect(content).toEqual(['first file', 'second']);
  } finally {
    await rm(place, { recursive: true });
  }
});
