import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { beginning, Chronicle } from './chronicle.ts';
import { emptyContent, type StoredRecord } from './lease-record.ts';

const self = { instance: 'c-2', incarnation: 'b', address: '10.0.0.2' };
const aRecord = (over: Partial<StoredRecord> = {}): StoredRecord => ({
  ...emptyContent('cluster', '42'),
  ...{ uid: 'u', version: '7', epoch: 3, holder: { instance: 'c-1', incarnation: 'a' } },
  ...over,
});
const departure = {
  ...{ epoch: 3, instance: 'c-1', why: 'switchover' as const },
  ...{ since: '2026-01-01T00:00:00.000Z', stopped: '2026-01-01T00:00:01.000Z', lsn: '0/5000028' },
};
const released = (): StoredRecord => {
  const { holder: _holder, ...rest } = aRecord({ departure });
  return rest;
};

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'howdah-chronicle-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('a lease that was given back tells who did, why, when, and where his log ended', () => {
  expect(beginning('c-2', released(), 0)).toEqual({
    ...{ from: 'c-1', to: 'c-2', cause: 'Switchover', shutdownLSN: '0/5000028' },
    steps: [
      { name: 'requested', time: departure.since },
      { name: 'stopped', time: departure.stopped },
    ],
  });
});

test('a lease that ran out is a failover, also when an earlier epoch was given back', () => {
  for (const record of [aRecord(), aRecord({ departure: { ...departure, epoch: 2 } })]) {
    expect(beginning('c-2', record, 15_000)).toMatchObject({
      ...{ from: 'c-1', to: 'c-2', cause: 'Failover' },
      steps: [{ name: 'last-renewal' }],
    });
  }
});

test('the first claim of all comes from nobody', () => {
  expect(beginning('c-1', undefined, 0)).toEqual({ to: 'c-1', cause: 'Bootstrap', steps: [] });
});

test('steps are noted once each, in their order, and survive the manager', async () => {
  const chronicle = await Chronicle.open(directory);
  chronicle.step('promoted');
  expect(chronicle.current).toBeUndefined();
  chronicle.claiming(self, released(), 0);
  chronicle.claimed(4);
  chronicle.step('promoting', { timeline: 3, lsn: 0x50000a0n });
  chronicle.step('promoted');
  chronicle.step('promoted');
  chronicle.step('routed');
  await chronicle.saved();
  const { current } = await Chronicle.open(directory);
  expect(current).toMatchObject({ epoch: 4, from: 'c-1', to: 'c-2', promoteLSN: '0/50000A0' });
  expect(current?.steps.map(({ name }) => name)).toEqual([
    ...['requested', 'stopped', 'claimed', 'promoting', 'promoted', 'routed'],
  ]);
});

test('a file that cannot be read keeps nobody from starting', async () => {
  await writeFile(path.join(directory, 'role-change.json'), '{');
  expect((await Chronicle.open(directory)).current).toBeUndefined();
});
