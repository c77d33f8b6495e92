import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { missingHistories, plantHistories, realHistory, removeFillers, removeTimeline } from '../wal/history-files.ts';
import { LifeFile } from './core/life-file.ts';
import { StateFile } from './core/state-file.ts';

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
  await mkdir(path.join(wal, 'archive_status'), { recursive: true });
  await writeFile(path.join(wal, '00000002.history'), '1\t0/3000000\tno recovery target specified\n');
  await writeFile(path.join(wal, '00000004.history'), '1\t0/2000000\treal\n');
  const five = '1\t0/3000000\tx\n2\t0/4000000\tfetched\n';
  const position = { timeline: 2, lsn: 0x5000028n };
  expect(await missingHistories(directory, 2, 7)).toEqual([3, 5, 6]);
  expect(await plantHistories(directory, position, 7, new Map([[5, five]]))).toEqual({ found: [5], filled: [3, 6] });
  const read = (timeline: number): Promise<string> => readFile(path.join(wal, `0000000${timeline}.history`), 'utf8');
  expect(await read(3)).toBe('1\t0/3000000\tno recovery target specified\n2\t0/5000028\tepoch 3 not promoted\n');
  expect([await read(4), await read(5)]).toEqual(['1\t0/2000000\treal\n', five]);
  expect(await plantHistories(directory, position, 7, new Map())).toEqual({ found: [], filled: [] });
  expect(await Promise.all([3, 4, 5, 9].map(async (timeline) => await realHistory(directory, timeline)))).toEqual([
    undefined,
    '1\t0/2000000\treal\n',
    five,
    undefined,
  ]);
});

test('fillers of a promotion that was given up are taken away before another is followed, and nothing else', async () => {
  const wal = path.join(directory, 'pg_wal');
  await mkdir(path.join(wal, 'archive_status'), { recursive: true });
  await writeFile(path.join(wal, '00000004.history'), '1\t0/2000000\treal\n');
  await plantHistories(directory, { timeline: 1, lsn: 0x5000028n }, 6, new Map());
  const followed = {
    timeline: 7,
    switches: [
      { timeline: 1, end: 1n },
      { timeline: 5, end: 1n },
    ],
  };
  expect((await removeFillers(directory, 2, followed)).sort()).toEqual([3]);
  const left = (await readdir(wal)).filter((name) => name.endsWith('.history'));
  expect(left.sort()).toEqual(['00000002.history', '00000004.history', '00000005.history']);
  const toArchive = await readdir(path.join(wal, 'archive_status'));
  expect(toArchive.sort()).toEqual(['00000002.history.ready', '00000005.history.ready']);
});

test('what half a promotion has left is taken away: the history and the segments of its timeline', async () => {
  const wal = path.join(directory, 'pg_wal');
  await mkdir(path.join(wal, 'archive_status'), { recursive: true });
  const [old, own] = ['000000010000000000000003', '000000050000000000000003'];
  for (const name of [old, own, '00000005.history', 'archive_status/00000005.history.ready'])
    await writeFile(path.join(wal, name), '');
  await removeTimeline(directory, 5);
  expect((await readdir(wal)).sort()).toEqual([old, 'archive_status']);
  expect(await readdir(path.join(wal, 'archive_status'))).toEqual([]);
});
