import { expect, test } from '@jest/globals';
import type { Cluster } from '../../api/generated/cluster.ts';
import { silent } from '../recovery/testing.ts';
import { archiveSection } from './archive-section.ts';
import { ArchiveSource } from './archive-source.ts';
import { StandbyArchive } from './standby-archive.ts';

test('nothing is let go before the Cluster has been seen; without an archive in it everything is', async () => {
  const seen: { cluster?: Cluster } = {};
  const section = () => archiveSection(seen.cluster, () => undefined);
  using source = new ArchiveSource({ get: () => Promise.resolve(undefined) }, 'default', section);
  const signal = AbortSignal.timeout(30_000);
  const never = (): Promise<never> => Promise.reject(new Error('not asked'));
  const standby = new StandbyArchive({
    ...{ source, log: silent, patience: 0, segmentSize: never, history: never },
    ...{ isStandby: () => true, onReleased: () => undefined },
  });
  const ask = () => standby.confirm('/nowhere/pg_wal/000000010000000000000001', signal);
  await expect(source.get(signal)).rejects.toThrow('the Cluster has not been seen yet');
  expect(await ask()).toMatchObject({ outcome: 'failed' });
  seen.cluster = { metadata: { name: 'c' }, spec: { instances: 1 } } as Cluster;
  expect(await source.get(signal)).toBeUndefined();
  expect(await ask()).toEqual({ outcome: 'skipped', reason: 'no archive is configured' });
});
