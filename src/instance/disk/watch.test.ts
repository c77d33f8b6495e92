import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { DiskWatch } from './watch.ts';

test('volumes are told of once, real ones with their size, and forgotten with their directory', async () => {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'hdw-'));
  try {
    const directories: Record<string, string> = { PG_DATA: directory, PG_WAL: directory, gone: `${directory}/gone` };
    const watch = new DiskWatch({ directories: () => directories });
    await watch.look();
    expect(watch.volumes.map(({ volume }) => volume)).toEqual(['PG_DATA']);
    const [{ size, free, secondsUntilFull } = { size: 0, free: 0 }] = watch.volumes;
    expect(size).toBeGreaterThan(free);
    expect(free).toBeGreaterThan(0);
    expect(secondsUntilFull).toBeUndefined();
    directories['PG_DATA'] = `${directory}/gone`;
    directories['PG_WAL'] = `${directory}/gone`;
    await watch.look();
    expect(watch.volumes).toEqual([]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('a volume that fills is told of before it is full, and no more when it was enlarged', async () => {
  let [at, size, free] = [0, 1000, 900];
  const watch = new DiskWatch({
    directories: () => ({ PG_DATA: '/' }),
    now: () => at,
    sample: () => Promise.resolve({ size, free }),
  });
  for (; at <= 120_000; at += 10_000, free -= 5) await watch.look();
  expect(watch.volumes).toMatchObject([{ volume: 'PG_DATA', low: true, rule: 'fills-soon', rate: 0.5 }]);
  [size, free] = [9000, 8500];
  for (const end = at + 120_000; at <= end; at += 10_000) await watch.look();
  expect(watch.volumes).toMatchObject([{ low: false, rule: 'enough', secondsUntilFull: undefined }]);
});
