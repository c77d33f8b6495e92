import { chmod, lstat, mkdir, mkdtemp, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readConfig } from './config.ts';
import { choosePodDir, chooseShortDir, claimDirectory, ensureShortDir, isOurs, removeOutside } from './data-dir.ts';
import { obstacle } from './pod-user.ts';

let base = '';
beforeEach(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'data-dir-'));
  await chmod(base, 0o755);
});
afterEach(() => rm(base, { recursive: true, force: true }));

const stranger = { name: 'stranger', uid: 54321, gid: 54321 };

test('a directory with foreign things in it is refused and left alone', async () => {
  await writeFile(path.join(base, 'precious'), '');
  await expect(claimDirectory(base, 0o700)).rejects.toThrow(`${base} is not empty`);
  expect(await isOurs(base)).toBe(false);
});

test('an empty directory becomes ours, once and again', async () => {
  await claimDirectory(base, 0o700);
  await claimDirectory(base, 0o700);
  expect(await isOurs(base)).toBe(true);
});

test('pods stay in the data directory when their user can get there', async () => {
  const dir = path.join(base, 'data');
  expect(await obstacle(stranger, dir)).toBeUndefined();
  expect(await choosePodDir(dir, stranger)).toBe(dir);
  expect(await choosePodDir(dir, undefined)).toBe(dir);
});

test('below a directory that others may not pass they go elsewhere, and its permissions stay', async () => {
  const home = path.join(base, 'home');
  await mkdir(home, { mode: 0o700 });
  const dir = path.join(home, 'project', '.howdah');
  expect(await obstacle(stranger, dir)).toBe(home);
  expect(await choosePodDir(dir, stranger)).toMatch(/^\/var\/lib\/howdah\/project-[0-9a-f]{8}$/);
  expect((await lstat(home)).mode & 0o777).toBe(0o700);
});

test('containers have short roots, by a link of their own when the directory is deep', async () => {
  expect(chooseShortDir('/data')).toBe('/data/r');
  const deep = path.join(base, 'a-rather-long-name-of-a-directory'.repeat(2));
  await mkdir(deep);
  const short = chooseShortDir(deep);
  expect(Buffer.byteLength(short)).toBeLessThanOrEqual(40);
  await ensureShortDir(deep, short);
  await ensureShortDir(deep, short);
  expect(await readlink(short)).toBe(path.join(deep, 'r'));
  await removeOutside(deep, deep, short);
  await expect(lstat(short)).rejects.toThrow('ENOENT');
});

test('a short name that somebody else has taken is not used', async () => {
  const short = path.join(base, 'short');
  await ensureShortDir(path.join(base, 'one'), short);
  await expect(ensureShortDir(path.join(base, 'two'), short)).rejects.toThrow('points to');
  await removeOutside(base, path.join(base, 'two'), short);
  expect(await readlink(short)).toContain('one');
});

test('a configuration of another version is refused by name', async () => {
  await writeFile(path.join(base, 'config.json'), '{"version":99}');
  await expect(readConfig(base)).rejects.toThrow(/config\.json is of version 99, this program knows version 1/);
  await writeFile(path.join(base, 'config.json'), '{');
  await expect(readConfig(base)).rejects.toThrow(/is not JSON/);
});
