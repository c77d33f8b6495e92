import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { plantHistories } from './history-files.ts';
import { LifeFile } from './life-file.ts';
import { StateFile } from './state-file.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'ha-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('ha.json: an incarnation is made once, and what was promised is there after a restart', async () => {
  const first = await StateFile.open(directory, 'cluster', '7');
  await Promise.all([first.update({ promised: 4 }), first.update({ led: 4, ownsLog: true })]);
  const again = await StateFile.open(directory, 'cluster', '7');
  expect(again.current).toEqual({ ...first.current, promised: 4, led: 4, ownsLog: true });
  await again.update({ led: undefined });
  expect('led' in (await StateFile.open(directory, 'cluster', '7')).current).toBe(false);
  expect(await readdir(directory)).toEqual(['ha.json']);
});

test("ha.json: of another system it is nobody's promise; one that cannot be read is an error", async () => {
  const first = await StateFile.open(directory, 'cluster', '7');
  await first.update({ promised: 4 });
  const other = await StateFile.open(directory, 'cluster', '8');
  expect(other.current.promised).toBe(0);
  expect(other.current.incarnation).not.toBe(first.current.incarnation);
  await writeFile(path.join(directory, 'ha.json'), '{');
  await expect(StateFile.open(directory, 'cluster', '8')).rejects.toThrow();
});

test('the deadline of a manager that died is known to the next one, but not after the machine was started anew', async () => {
  const supervisor = path.join(directory, 'supervisor');
  await mkdir(supervisor);
  new LifeFile(supervisor).set({ freshUntil: 12 });
  expect(new LifeFile(supervisor).current).toEqual({ freshUntil: 12 });
  await writeFile(path.join(directory, 'ha-life.json'), JSON.stringify({ boot: 'another', freshUntil: 12 }));
  expect(new LifeFile(supervisor).current).toEqual({});
});

test('before a promotion each number up to the epoch has a history, the real one where there is one (rule 24)', async () => {
  const wal = path.join(directory, 'pg_wal');
  await mkdir(wal);
  await writeFile(path.join(wal, '00000002.history'), '1\t0/3000000\tno recovery target specified\n');
  await writeFile(path.join(wal, '00000004.history'), 'real\n');
  expect(await plantHistories(directory, { timeline: 2, lsn: 0x5000028n }, 6)).toEqual([3, 5]);
  expect(await readFile(path.join(wal, '00000003.history'), 'utf8')).toBe(
    '1\t0/3000000\tno recovery target specified\n2\t0/5000028\tepoch 3 not promoted\n',
  );
  expect(await readFile(path.join(wal, '00000004.history'), 'utf8')).toBe('real\n');
  expect(await plantHistories(directory, { timeline: 2, lsn: 0x5000028n }, 6)).toEqual([]);
  await expect(plantHistories(directory, { timeline: 2, lsn: 1n }, 5)).rejects.toThrow('timeline 5 is there already');
});
