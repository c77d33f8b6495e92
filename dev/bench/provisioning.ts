import { setTimeout as sleep } from 'node:timers/promises';
import { createCluster, hasPrimary, isHealthy, waitForCluster } from '../../e2e/support/cluster.ts';
import type { Platform } from '../../e2e/support/platform.ts';
import { openNamespace } from '../../e2e/support/shared.ts';
import { connect } from '../../e2e/support/sql.ts';
import { waitFor } from '../../e2e/support/wait.ts';
import type { Figure } from './figures.ts';
import { residentOf } from './memory.ts';

interface Run {
  readonly writable: number;
  readonly ready: number;
  readonly operator: number;
  readonly managers: number[];
}

async function once(platform: Platform): Promise<Run> {
  const { api } = platform;
  await using namespace = await openNamespace(platform, 'bench');
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  await createCluster(platform, namespace.name, 'bench', { instances: 3 });
  await waitForCluster(api, namespace.name, 'bench', hasPrimary, 'a primary');
  await waitFor('a write through -rw', async () => {
    await using session = await connect(api, { namespace: namespace.name, cluster: 'bench', to: 'rw' });
    await session.query('create table if not exists first_write (id int)');
    return true;
  });
  const writable = elapsed();
  await waitForCluster(api, namespace.name, 'bench', isHealthy, 'three ready instances');
  const ready = elapsed();
  await sleep(2000);
  const [operator = Number.NaN] = await residentOf('howdah.mjs operator');
  return { writable, ready, operator, managers: await residentOf('howdah.mjs instance run') };
}

/** Applied → writable, applied → three ready, and what the programs weigh then. Memory is read from this machine's /proc. */
export async function provisioning(platform: Platform, runs: number, floor: number): Promise<Figure[]> {
  const all: Run[] = [];
  for (let run = 0; run < runs; run += 1) all.push(await once(platform));
  return [
    {
      what: 'applied → primary writable',
      unit: 's',
      samples: all.map((run) => run.writable),
      target: { limit: 8, better: 'less' },
      floor: { what: 'initdb + start by hand', value: floor },
    },
    {
      what: 'applied → three ready',
      unit: 's',
      samples: all.map((run) => run.ready),
      target: { limit: 20, better: 'less' },
      floor: { what: 'initdb + start by hand', value: floor },
    },
    {
      what: 'operator RSS',
      unit: 'MiB',
      samples: all.map((run) => run.operator),
      target: { limit: 150, better: 'less' },
    },
    {
      what: 'instance manager RSS',
      unit: 'MiB',
      samples: all.flatMap((run) => run.managers),
      target: { limit: 80, better: 'less' },
    },
  ];
}
