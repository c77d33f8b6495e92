import { randomBytes } from 'node:crypto';
import { Upload } from '@aws-sdk/lib-storage';
import { s3Client } from '../../e2e/support/bucket.ts';
import {
  backupManifest,
  bucket,
  createCluster,
  isHealthy,
  objectStoreSection,
  waitForBackup,
  waitForCluster,
} from '../../e2e/support/cluster.ts';
import type { Platform } from '../../e2e/support/platform.ts';
import { openNamespace } from '../../e2e/support/shared.ts';
import { connect } from '../../e2e/support/sql.ts';
import { resource } from '../../src/kube/resource-types.ts';
import type { Figure } from './figures.ts';

const mebibyte = 1 << 20;

/** What the store takes from one client that has nothing else to do: random bytes from memory, in parallel parts. */
async function storeFloor(platform: Platform, mebibytes: number): Promise<number> {
  const part = randomBytes(16 * mebibyte);
  const client = s3Client(platform.objectStore);
  const start = performance.now();
  for (let sent = 0; sent < mebibytes; sent += 64) {
    const Body = Buffer.concat([part, part, part, part]);
    await new Upload({
      client,
      params: { Bucket: bucket, Key: `bench/floor-${sent}`, Body },
      partSize: 16 * mebibyte,
      queueSize: 4,
    }).done();
  }
  client.destroy();
  return mebibytes / ((performance.now() - start) / 1000);
}

/** Base backup of an incompressible database of about `mebibytes`, uncompressed, into the platform's store. */
export async function baseBackup(platform: Platform, runs: number, mebibytes: number): Promise<Figure[]> {
  const { api } = platform;
  await using namespace = await openNamespace(platform, 'bench-backup');
  await createCluster(platform, namespace.name, 'bench', {
    enableSuperuserAccess: true,
    storage: { size: '8Gi' },
    postgresql: { parameters: { max_wal_size: '4GB' } },
    backup: {
      barmanObjectStore: {
        ...objectStoreSection(platform.objectStore),
        serverName: namespace.name,
        // A spread checkpoint would be measured for minutes.
        data: { immediateCheckpoint: true },
      },
    },
  });
  await waitForCluster(api, namespace.name, 'bench', isHealthy, 'a ready instance');
  const target = { namespace: namespace.name, cluster: 'bench', to: 'rw' } as const;
  await using session = await connect(api, target, { query_timeout: 600_000 });
  await session.query('create extension if not exists pgcrypto');
  await session.query('create table filler (data bytea)');
  await session.query('alter table filler alter column data set storage external');
  await session.query(`insert into filler select gen_random_bytes(1024) from generate_series(1, $1::int)`, [
    mebibytes * 1024,
  ]);
  // What the filling left dirty is not the backup's to write.
  await using admin = await connect(api, { ...target, as: 'superuser' }, { query_timeout: 600_000 });
  await admin.query('checkpoint');
  const { rows } = await session.query<{ bytes: string }>(
    'select sum(pg_database_size(oid)) as bytes from pg_database',
  );
  const size = Number(rows[0]?.bytes) / mebibyte;

  const samples: number[] = [];
  for (let run = 1; run <= runs; run += 1) {
    const name = `bench-${run}`;
    await api.create(resource.backups, backupManifest({ name, namespace: namespace.name }, 'bench'));
    const { status } = await waitForBackup(api, namespace.name, name, 600_000);
    if (status?.phase !== 'completed') throw new Error(`backup ${name} failed: ${status?.error}`);
    const { startedAt, stoppedAt } = status as { startedAt?: string; stoppedAt?: string };
    samples.push(size / ((Date.parse(stoppedAt ?? '') - Date.parse(startedAt ?? '')) / 1000));
  }
  return [
    {
      what: `base backup of ${Math.round(size)} MiB`,
      unit: 'MiB/s',
      samples,
      target: { limit: 100, better: 'more' },
      floor: { what: 'plain upload', value: await storeFloor(platform, 512) },
    },
  ];
}
