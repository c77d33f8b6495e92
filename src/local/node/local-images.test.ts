import { access, constants, lstat, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import type { LocalConfig } from '../platform/config.ts';
import { LocalImages, parseImage } from './local-images.ts';

test.each([
  ['localhost/howdah:dev', { kind: 'program' }],
  ['registry.example:5000/team/howdah:1.2', { kind: 'program' }],
  ['ghcr.io/cloudnative-pg/postgresql:18.6-system-trixie', { kind: 'postgres', major: '18' }],
  ['ghcr.io/cloudnative-pg/postgresql:15', { kind: 'postgres', major: '15' }],
  ['postgres:17.10@sha256:0123', { kind: 'postgres', major: '17' }],
  ['localhost/postgres:16-bookworm', { kind: 'postgres', major: '16' }],
  ['postgres', { kind: 'unknown' }],
  ['postgres:latest', { kind: 'unknown' }],
  ['nginx:1', { kind: 'unknown' }],
  ['localhost:5000/postgres', { kind: 'unknown' }],
])('%s', (image, expected) => expect(parseImage(image)).toEqual(expected));

const made: string[] = [];
afterEach(async () => {
  for (const directory of made.splice(0)) await rm(directory, { recursive: true, force: true });
});

async function aConfig(changes: Partial<LocalConfig> = {}): Promise<LocalConfig> {
  const dir = await mkdtemp(path.join(tmpdir(), 'images-'));
  made.push(dir);
  return {
    version: 1,
    dir,
    podDir: dir,
    shortDir: path.join(dir, 'r'),
    subnet: '127.99',
    nodes: ['node-1'],
    program: '/images/howdah-1',
    packages: path.resolve(import.meta.dirname, '../../../node_modules'),
    postgres: {},
    operator: false,
    ...changes,
  };
}

test('an npm package is placed once, complete, and its programs run', async () => {
  const images = new LocalImages(await aConfig());
  const [first, second] = await Promise.all([images.resolve('postgres:18'), images.resolve('postgres:18.4')]);
  expect(first).toEqual(second);
  const [bin = ''] = first.path;
  expect(execFileSync(path.join(bin, 'postgres'), ['--version']).toString()).toContain('PostgreSQL) 18.');
  const lib = await readdir(path.join(bin, '../lib'));
  expect(lib).toEqual(expect.arrayContaining(['libpq.so.5', 'libicuuc.so.60']));
  expect((await lstat(path.join(bin, '../lib/libpq.so.5'))).isSymbolicLink()).toBe(true);
});

test('what a package keeps from others is copied readable, and the package itself stays as it was', async () => {
  const packages = await mkdtemp(path.join(tmpdir(), 'packages-'));
  made.push(packages);
  const native = path.join(packages, 'pg18/native');
  await mkdir(path.join(native, 'bin'), { recursive: true });
  await writeFile(path.join(native, 'bin/postgres'), '#!/bin/sh\n', { mode: 0o700 });
  await writeFile(
    path.join(native, 'pg-symlinks.json'),
    '[{"source":"native/bin/postgres","target":"native/../../evil"}]',
  );
  await writeFile(path.join(packages, 'pg18/package.json'), '{"version":"18.0.0"}');
  const config = await aConfig({ packages, user: { name: 'nobody', uid: 65534, gid: 65534 } });
  const { path: found } = await new LocalImages(config).resolve('postgres:18');
  expect((await stat(path.join(found[0] ?? '', 'postgres'))).mode & 0o777).toBe(0o755);
  expect((await stat(path.join(native, 'bin/postgres'))).mode & 0o777).toBe(0o700);
  await expect(access(path.join(config.dir, 'evil'), constants.F_OK)).rejects.toThrow();
});

test('a directory given for a major version is used in place', async () => {
  const images = new LocalImages(await aConfig({ postgres: { 15: '/usr/lib/postgresql/15/bin' } }));
  expect(await images.resolve('postgres:15.3')).toEqual({ path: ['/usr/lib/postgresql/15/bin'], links: {} });
});

test('the program is a link', async () => {
  const images = new LocalImages(await aConfig());
  expect(await images.resolve('localhost/howdah:dev')).toEqual({ path: [], links: { '/howdah': '/images/howdah-1' } });
});

test.each(['nginx:1', 'postgres:9'])('%s is refused by name, with what there is', async (image) => {
  const images = new LocalImages(await aConfig());
  await expect(images.resolve(image)).rejects.toThrow(`"${image}"`);
  await expect(images.resolve(image)).rejects.toThrow('15, 16, 17, 18');
});
