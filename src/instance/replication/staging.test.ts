import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Staging } from './staging.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'hws-'));
  await mkdir(`${root}/tablespaces/fast`, { recursive: true });
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function begin(tablespaceDirectory?: string): Promise<Staging> {
  const staging = await Staging.begin({
    data: `${root}/data`,
    tablespaces: `${root}/tablespaces`,
    tablespaceDirectory,
  });
  if (staging === 'present') throw new Error('there is a data directory already');
  return staging;
}
const from = (name: string): string => `/var/lib/postgresql/tablespaces/${name}/data-0123abcd`;

test('a tablespace is written to the volume of its name, in the directory of this copy', async () => {
  const staging = await begin();
  expect(await staging.tablespace('16400', from('fast'))).toBe(`${root}/tablespaces/fast/data`);
  const other = await begin('data-89abcdef');
  expect(await other.tablespace('16400', from('fast'))).toBe(`${root}/tablespaces/fast/data-89abcdef`);
});

test.each([
  ['without a volume', from('slow'), 'a tablespace "slow", and spec.tablespaces names no such one'],
  ['elsewhere', '/srv/fast', 'not on a tablespace volume'],
])('a tablespace %s is refused, and nothing is made', async (_, location, message) => {
  const staging = await begin();
  await expect(staging.tablespace('16400', location)).rejects.toThrow(message);
  expect(await readdir(`${root}/tablespaces`)).toEqual(['fast']);
});

test('two tablespaces on one volume are not mixed', async () => {
  const staging = await begin();
  await staging.tablespace('16400', from('fast'));
  await expect(staging.tablespace('16401', from('fast'))).rejects.toThrow('two tablespaces on the volume "fast"');
});

test('what an attempt left on the volume is replaced by the next one; what was there before is not touched', async () => {
  const first = await begin();
  await writeFile(`${await first.tablespace('16400', from('fast'))}/x`, '');
  const second = await begin();
  expect(await readdir(await second.tablespace('16400', from('fast')))).toEqual([]);

  await rm(second.directory, { recursive: true });
  await writeFile(`${root}/tablespaces/fast/data/x`, '');
  for (let time = 0; time < 2; time += 1) await expect(begin()).rejects.toThrow('refusing to write there');
  expect(await readdir(`${root}/tablespaces/fast/data`)).toEqual(['x']);
});
