// `npm run bench [-- NAME --runs N --size MIB]`: the figures that docs/benchmarks.md quotes, each with a target or a floor that was
// measured in the same run. On the embedded engine, or on the platform that HOWDAH_E2E names.
// `npm run bench -- failover [--runs N --node-runs N --only FAULT,FAULT --out DIR]`: exit code 1 when a promise was broken.
import { parseArgs } from 'node:util';
import { createBucket } from '../e2e/support/bucket.ts';
import { localPlatform, type Platform } from '../e2e/support/platform.ts';
import { openShared, tellShared } from '../e2e/support/shared.ts';
import { temporaryPostgres } from '../src/testing/postgres.ts';
import { archivingMemory } from './bench/archiving-memory.ts';
import { baseBackup } from './bench/base-backup.ts';
import { chosen, failover } from './bench/failover/failover.ts';
import { aborted } from './bench/interrupt.ts';
import { peers } from './bench/peers/run.ts';
import { endTagged, tagAll } from './bench/tagged.ts';
import { type Figure, header, row } from './bench/figures.ts';
import { walArchive } from './bench/wal/wal.ts';
import { provisioning } from './bench/provisioning.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string' },
    'node-runs': { type: 'string' },
    out: { type: 'string' },
    size: { type: 'string' },
    only: { type: 'string' },
  },
});
const runs = Number(options.runs ?? 5);
const [only = options.only, ...named] = positionals;
// Beside `failover`, --only names its faults.
const faults = [...named, ...(positionals.length > 0 ? (options.only?.split(',') ?? []) : [])];
const benches = ['wal', 'provisioning', 'memory', 'base-backup', 'failover', 'backup', 'restore'];
if (only !== undefined && !benches.includes(only)) {
  process.stderr.write(`bench: no bench "${only}"; there are ${benches.join(', ')}\n`);
  process.exit(2);
}
if (only === 'failover') chosen(faults);

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

// Ctrl-C ends the bench like an error does: what was started is stopped.
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(new Error(`ended by ${name}`)));

/** Of what needs no platform: programs that end by themselves, or because they are interrupted. */
async function interruptible(work: () => Promise<void>): Promise<void> {
  tagAll();
  const ending = aborted(stop.signal).catch(endTagged);
  try {
    await work();
  } catch (error) {
    await endTagged();
    const reason: unknown = stop.signal.aborted ? stop.signal.reason : error;
    process.stderr.write(`FAILED: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}\n`);
    process.exit(1);
  }
  if (stop.signal.aborted) await ending;
}

// Beside pgBackRest and barman-cloud, without a platform.
const steps = (['backup', 'restore'] as const).filter((step) => positionals.includes(step));
if (steps.length > 0) {
  const [mebibytes, peerRuns] = [Number(options.size ?? 2048), Number(options.runs ?? 3)];
  await interruptible(() => peers({ mebibytes, runs: peerRuns, steps, signal: stop.signal }));
  process.exit();
}

if (only === undefined || only === 'wal') {
  process.stdout.write(`${header}\n`);
  await interruptible(async () => {
    for (const figure of await walArchive(runs, stop.signal)) process.stdout.write(`${row(figure)}\n`);
  });
  if (only === 'wal') process.exit();
}

async function measure(platform: Platform): Promise<string[]> {
  await createBucket(platform.objectStore);
  const parts: Record<string, () => Promise<Figure[]>> = {
    provisioning: async () => {
      await bareStart();
      return provisioning(platform, runs, await bareStart());
    },
    memory: () => archivingMemory(platform, Number(options.size ?? 1024)),
    'base-backup': () => baseBackup(platform, runs, Number(options.size ?? 1024)),
  };
  const wanted = Object.entries(parts).filter(([name]) => only === undefined || only === name);
  if (wanted.length > 0) process.stdout.write(`${header}\n`);
  for (const [, part] of wanted) {
    const figures = await Promise.race([part(), aborted(stop.signal)]);
    for (const figure of figures) process.stdout.write(`${row(figure)}\n`);
  }
  if (only !== undefined && only !== 'failover') return [];
  return failover(platform, {
    runs: Number(options.runs ?? 50),
    nodeRuns: Number(options['node-runs'] ?? 10),
    only: faults,
    ...(options.out !== undefined && { out: options.out }),
    signal: stop.signal,
  });
}

const platform = process.env['HOWDAH_E2E'] === undefined ? await ownPlatform() : openShared();
let problems: string[];
try {
  problems = await measure(platform);
} catch (error) {
  problems = stop.signal.aborted ? [] : [error instanceof Error ? (error.stack ?? error.message) : String(error)];
} finally {
  await platform[Symbol.asyncDispose]();
}
if (stop.signal.aborted) problems.push(String(stop.signal.reason));
for (const problem of problems) process.stderr.write(`FAILED: ${problem}\n`);
// What an interrupted run still waits for is not waited for.
process.exit(problems.length > 0 ? 1 : 0);
