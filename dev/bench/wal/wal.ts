import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createInterface } from 'node:readline';
import { type ArchiveConfig, openArchive } from '../../../src/objectstore/archive/config.ts';
import { walDirectory } from '../../../src/objectstore/layout.ts';
import type { Figure } from '../figures.ts';
import { firstWord } from '../interrupt.ts';
import { processorOf, waitedFor } from '../peers/measure.ts';
import { type PeerStore, bucket, startStore } from '../peers/store.ts';
import { type Rate, archivers } from './peers.ts';
import { recordSegments, waitingSegments } from './segments.ts';

const root = path.dirname(path.dirname(path.dirname(import.meta.dirname)));
const count = 60;
const parallel = 4;

/** archive_command for one segment after the other, which is noted as done then, as PostgreSQL's archiver does it: seconds for each. */
export async function archiveAll(
  command: (file: string) => readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
  files: readonly string[],
): Promise<number[]> {
  const seconds: number[] = [];
  for (const file of files) {
    const [program, ...args] = command(file);
    const start = performance.now();
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'inherit'] });
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`);
    seconds.push((performance.now() - start) / 1000);
    const status = path.join(path.dirname(file), 'archive_status', path.basename(file));
    await rename(`${status}.ready`, `${status}.done`);
  }
  return seconds;
}

export const sum = (seconds: readonly number[]): number => seconds.reduce((total, one) => total + one, 0);
const resident = async (pid: number | undefined): Promise<number> =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

const configOf = (store: PeerStore, run: string): ArchiveConfig => {
  const zstd = { compression: 'zstd', attributes: {} } as const;
  const credentials = { accessKeyId: store.accessKeyId, secretAccessKey: store.secretAccessKey };
  return {
    s3: { bucket, endpoint: store.endpoint, ca: store.ca, credentials },
    location: { prefix: 'bench-wal', server: `${process.pid}-${run}` },
    wal: { ...zstd, maxParallel: parallel },
    history: zstd,
    data: { compression: 'none', attributes: {}, jobs: 2, immediateCheckpoint: true },
  };
};

async function allStored(config: ArchiveConfig, signal: AbortSignal): Promise<void> {
  using store = await openArchive(config);
  for (let found = 0; found < count; await delay(100, undefined, { signal })) {
    found = 0;
    for await (const _ of store.list(walDirectory(config.location), { signal })) found += 1;
  }
}

interface Ours {
  readonly directory: string;
  readonly names: readonly string[];
  /** All but the first are in the store before they are asked for, and their times are those of the rest. */
  readonly ahead: boolean;
  readonly signal: AbortSignal;
}

async function ours(config: ArchiveConfig, { directory, names, ahead, signal }: Ours) {
  const argument = JSON.stringify({ config, dataDirectory: directory });
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'archiver-child.ts'), argument], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // As the supervisor starts a manager.
    env: {
      ...process.env,
      NODE_OPTIONS: '--max-semi-space-size=1',
      MALLOC_ARENA_MAX: '1',
      MALLOC_MMAP_THRESHOLD_: '262144',
    },
  });
  const ended = once(child, 'exit');
  try {
    const [port] = await firstWord(once(createInterface(child.stdout), 'line') as Promise<[string]>, ended);
    const before = await resident(child.pid);
    const processorBefore = (await processorOf(child.pid ?? 0)) + (await waitedFor());
    const script = path.join(root, 'src/instance/scripts/wal-request');
    const files = names.map((name) => path.join(directory, 'pg_wal', name));
    const archive = (some: readonly string[]): Promise<number[]> =>
      archiveAll((file) => ['bash', script, 'archive', file], { HOWDAH_LOCAL_PORT: port }, some);
    const first = await archive(files.slice(0, 1));
    if (ahead) await allStored(config, signal);
    const rest = await archive(files.slice(1));
    const processor = (await processorOf(child.pid ?? 0)) + (await waitedFor()) - processorBefore;
    return {
      seconds: ahead ? rest : [...first, ...rest],
      grown: (await resident(child.pid)) - before,
      processor: (processor * 1000) / names.length,
    };
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

/** WAL archive with zstd, and what Debian's tools do with the same segments and the same store. */
export async function walArchive(runs: number, signal: AbortSignal): Promise<Figure[]> {
  const place = path.join(os.tmpdir(), `howdah-bench-wal-${process.pid}`);
  await using store = await startStore();
  try {
    const recorded = path.join(place, 'recorded');
    const directory = path.join(place, 'data');
    const names = await recordSegments(recorded, count, signal);
    const rates: Rate[] = [];
    const shipped: number[] = [];
    const grown: number[] = [];
    const peers = archivers(store, place);
    const theirs = peers.map((): Rate[] => []);
    for (let run = 1; run <= runs; run += 1) {
      const again = (): Promise<void> => waitingSegments(directory, recorded, names);
      await again();
      signal.throwIfAborted();
      const one = await ours(configOf(store, `${run}`), { directory, names, ahead: false, signal });
      rates.push({ rate: count / sum(one.seconds), processor: one.processor });
      grown.push(one.grown);
      await again();
      const two = await ours(configOf(store, `${run}-ahead`), { directory, names, ahead: true, signal });
      shipped.push(...two.seconds.map((seconds) => seconds * 1000));
      for (const [index, peer] of peers.entries()) {
        await again();
        theirs[index]?.push(await peer.rate(directory, names, run));
      }
    }
    const what = `WAL archive, zstd, ${parallel} in parallel`;
    return [
      { what, unit: '/s', samples: rates.map(({ rate }) => rate), target: { limit: 60, better: 'more' } },
      { what: 'processor time of a segment', unit: 'ms', samples: rates.map(({ processor }) => processor) },
      ...peers.flatMap(({ name }, index): Figure[] => [
        { what: `the same by ${name}`, unit: '/s', samples: (theirs[index] ?? []).map(({ rate }) => rate) },
        {
          what: `processor time of a segment by ${name}`,
          unit: 'ms',
          samples: (theirs[index] ?? []).map(({ processor }) => processor),
        },
      ]),
      {
        what: 'archive_command of a segment shipped before',
        unit: 'ms',
        samples: shipped,
        target: { limit: 10, better: 'less' },
      },
      { what: 'growth of the archiving process', unit: 'MiB', samples: grown, target: { limit: 10, better: 'less' } },
    ];
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}
