import { mkdir, mkdtemp, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { leadsOutside, prepareTablespaces, removeUnused, tablespaceLocation, volumeOf } from './tablespaces.ts';

let root: string;
let tablespaces: string;
let data: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'htp-'));
  tablespaces = `${root}/var/lib/postgresql/tablespaces`;
  data = `${root}/var/lib/postgresql/data/pgdata`;
  await mkdir(`${data}/pg_tblspc`, { recursive: true });
});
afterEach(() => rm(root, { recursive: true, force: true }));

test('the location of a container is that of the volume; without containers it is one for all roots', () => {
  expect(tablespaceLocation('', 'fast')).toBe('/var/lib/postgresql/tablespaces/fast/data');
  expect(tablespaceLocation('/x/1', 'fast')).toBe(tablespaceLocation('/x/2', 'fast'));
});

test.each([
  ['/var/lib/postgresql/tablespaces/fast/data', 'fast'],
  ['/proc/self/cwd/.root/var/lib/postgresql/tablespaces/fast/data-0123abcd', 'fast'],
  ['/srv/fast', undefined],
  ['/var/lib/postgresql/tablespaces/../data', undefined],
  ['/var/lib/postgresql/tablespaces/', undefined],
])('%s is on the volume %s', (location, volume) => {
  expect(volumeOf(location)).toBe(volume);
});

test('each mounted volume gets its directory, and PGDATA a way to its root where it is not that of the machine', async () => {
  await prepareTablespaces(data, tablespaces);
  expect(await leadsOutside(data)).toBe(false);
  await mkdir(`${tablespaces}/fast`, { recursive: true });
  await symlink('/somewhere/else', `${data}/.root`);
  for (let time = 0; time < 2; time += 1) await prepareTablespaces(data, tablespaces);
  expect(await readdir(`${tablespaces}/fast`)).toEqual(['data']);
  expect(await readlink(`${data}/.root`)).toBe(root);
  expect(await leadsOutside(data)).toBe(true);
});

test('what no data directory uses is removed, and nothing else', async () => {
  const entries = ['data', 'data-00000001', 'data-00000002', 'data-00000003', 'lost+found', "somebody's"];
  for (const entry of entries) await mkdir(`${tablespaces}/fast/${entry}/PG_18`, { recursive: true });
  await mkdir(`${tablespaces}/next/data/PG_18`, { recursive: true });
  await symlink(`${tablespaces}/fast/data-00000001`, `${data}/pg_tblspc/16400`);
  const old = `${data}.diverged`;
  await mkdir(old);
  await writeFile(`${old}/tablespace_map`, `16400 ${tablespaces}/fast/data-00000002\n`);
  await removeUnused(tablespaces, [data, old]);
  const left = ['data', 'data-00000001', 'data-00000002', 'lost+found', "somebody's"];
  expect((await readdir(`${tablespaces}/fast`)).sort()).toEqual(left);
  expect(await readdir(`${tablespaces}/fast/data`)).toEqual([]);
  expect(await readdir(`${tablespaces}/fast/data-00000002`)).toEqual(['PG_18']);
  expect(await readdir(`${tablespaces}/next/data`)).toEqual(['PG_18']);
});

test('links that cannot be read make nothing look unused', async () => {
  await mkdir(`${tablespaces}/fast/data/PG_18`, { recursive: true });
  await rm(`${data}/pg_tblspc`, { recursive: true });
  await writeFile(`${data}/pg_tblspc`, '');
  await expect(removeUnused(tablespaces, [data])).rejects.toThrow('ENOTDIR');
  expect(await readdir(`${tablespaces}/fast/data`)).toEqual(['PG_18']);
});
