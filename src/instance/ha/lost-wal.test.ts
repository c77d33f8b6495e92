import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { lostWal } from './lost-wal.ts';

/** A data directory whose pg_wal leads to another volume. */
async function directories() {
  const root = await mkdtemp(path.join(os.tmpdir(), 'hwl-'));
  const [data, wal] = [path.join(root, 'pgdata'), path.join(root, 'wal')];
  for (const directory of [data, wal]) await mkdir(directory);
  await symlink(path.join(wal, 'pg_wal'), path.join(data, 'pg_wal'));
  return { data, wal, [Symbol.asyncDispose]: () => rm(root, { recursive: true }) };
}

test('F27 an empty volume in the place of the one with the WAL is noticed', async () => {
  await using directory = await directories();
  expect(await lostWal(directory.data)).toContain('the volume of the WAL was lost');
  await mkdir(path.join(directory.wal, 'pg_wal'));
  expect(await lostWal(directory.data)).toBeUndefined();
});
