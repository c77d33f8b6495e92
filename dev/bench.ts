// `npm run bench [-- --runs N --size MIB] [NAME] [FAULT…]`: the figures that docs/benchmarks.md quotes, each with a target or a floor
// that was measured in the same run. On the embedded engine, or on the platform that HOWDAH_E2E names.
import { parseArgs } from 'node:util';
import { createBucket } from '../e2e/support/bucket.ts';
import { localPlatform } from '../e2e/support/platform.ts';
import { openShared, tellShared } from '../e2e/support/shared.ts';
import { temporaryPostgres } from '../src/testing/postgres.ts';
import { archivingMemory } from './bench/archiving-memory.ts';
import { baseBackup } from './bench/base-backup.ts';
import { failover } from './bench/failover.ts';
import { peers } from './bench/peers/run.ts';
import { type Figure, header, row } from './bench/figures.ts';
import { walArchive } from './bench/wal/wal.ts';
import { provisioning } from './bench/provisioning.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string' },
    size: { type: 'string' },
    only: { type: 'string' },
  },
});
const runs = Number(options.runs ?? 5);
const [only = options.only, ...faults] = positionals;

/** initdb and a start, with nothing around them: what provisioning cannot beat. */
async function bareStart(): Promise<number> {
  const start = performance.now();
  const server = await temporaryPostgres({ major: 18 });
  const seconds = (performance.now() - start) / 1000;
  await server[Symbol.asyncDispose]();
  return seconds;
}

async function ownPlatform(): Promise<Awaited<ReturnType<typeof localPlatform>>> {
  const platform = await localPlatform();
  tellShared(platform);
  return platform;
}

// Beside pgBackRest and barman-cloud, without a platform.
const steps = (['backup', 'restore'] as const).filter((step) => positionals.includes(step));
if (steps.length > 0) {
  await peers({ mebibytes: Number(options.size ?? 2048), runs: Number(options.runs ?? 3), steps });
  process.exit();
}

const platform = process.env['HOWDAH_E2E'] === undefined ? await ownPlatform() : openShared();
try {
  await createBucket(platform.objectStore);
  const parts: Record<string, () => Promise<Figure[]>> = {
    provisioning: async () => {
      await bareStart();
      return provisioning(platform, runs, await bareStart());
    },
    memory: () => archivingMemory(platform, Number(options.size ?? 1024)),
    wal: () => walArchive(platform, runs),
    'base-backup': () => baseBackup(platform, runs, Number(options.size ?? 1024)),
    failover: () => failover(platform, runs, faults),
  };
  process.stdout.write(`${header}\n`);
  for (const [name, part] of Object.entries(parts)) {
    if (only !== undefined && only !== name) continue;
    for (const figure of await part()) process.stdout.write(`${row(figure)}\n`);
  }
} finally {
  await platform[Symbol.asyncDispose]();
}
