import { setTimeout as sleep } from 'node:timers/promises';
import { createCluster, isHealthy, objectStoreSection, waitForCluster } from '../../e2e/support/cluster.ts';
import type { Platform } from '../../e2e/support/platform.ts';
import { openNamespace, shared } from '../../e2e/support/shared.ts';
import { connect } from '../../e2e/support/sql.ts';
import { waitFor } from '../../e2e/support/wait.ts';
import type { Figure } from './figures.ts';
import { residentOf } from './memory.ts';

const manager = 'howdah.mjs instance run';
const shipper = 'howdah.mjs instance wal-worker';
const rows = 120_000;

/** Memory of the managers and of what ships WAL: at rest, while about `mebibytes` of WAL go to the archive, and afterwards. */
export async function archivingMemory(platform: Platform, mebibytes: number): Promise<Figure[]> {
  const { api } = platform;
  // Another embedded engine on this machine is not ours to measure.
  const { data: engine = '' } = shared();
  await using namespace = await openNamespace(platform, 'bench-memory');
  const section = objectStoreSection(platform.objectStore);
  const wal = { compression: 'zstd', maxParallel: 4 };
  await createCluster(platform, namespace.name, 'bench', {
    instances: 3,
    storage: { size: '4Gi' },
    backup: { barmanObjectStore: { ...section, serverName: namespace.name, wal } },
  });
  await waitForCluster(api, namespace.name, 'bench', isHealthy, 'three ready instances');
  await sleep(5_000);
  const atRest = await residentOf(manager, engine);
  const archiving: number[] = [];
  const shipping: number[] = [];
  const look = async (): Promise<void> => {
    archiving.push(...(await residentOf(manager, engine)));
    shipping.push(...(await residentOf(shipper, engine)));
  };
  const target = { namespace: namespace.name, cluster: 'bench', to: 'rw', as: 'app' } as const;
  await using session = await connect(api, target, { query_timeout: 600_000 });
  const written = async (): Promise<number> => {
    const { rows: found } = await session.query<{ mib: string }>(
      `select (pg_current_wal_lsn() - '0/0'::pg_lsn) / 1048576 as mib`,
    );
    return Number(found[0]?.mib);
  };
  const before = await written();
  await session.query('create table filler (id bigint, text text)');
  while ((await written()) - before < mebibytes) {
    await session.query(
      `insert into filler select i, md5(i::text) || repeat(' note', 12) from generate_series(1, ${rows}) i`,
    );
    await session.query('truncate filler');
    await look();
  }
  await waitFor('the end of shipping', async () => {
    await look();
    return (await residentOf(shipper, engine)).length === 0 || undefined;
  });
  const memory = (what: string, samples: readonly number[], limit?: number): Figure => ({
    ...{ what, unit: 'MiB', samples },
    ...(limit !== undefined && { target: { limit, better: 'less' } }),
  });
  return [
    memory('instance manager RSS, archive configured, at rest', atRest, 80),
    memory(`the same while ${mebibytes} MiB of WAL are archived`, archiving, 80),
    memory('the same afterwards', await residentOf(manager, engine), 80),
    memory('RSS of the process that ships WAL, which ends when there is none', shipping),
  ];
}
