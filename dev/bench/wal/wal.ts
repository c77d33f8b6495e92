import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createInterface } from 'node:readline';
import type { Platform } from '../../../e2e/support/platform.ts';
import { bucket } from '../../../e2e/support/cluster.ts';
import { type ArchiveConfig, openArchive } from '../../../src/objectstore/config.ts';
import { walDirectory } from '../../../src/objectstore/layout.ts';
import type { Figure } from '../figures.ts';
import { recordSegments, waitingSegments } from './segments.ts';

const root = path.dirname(path.dirname(path.dirname(import.meta.dirname)));
const count = 60;
const parallel = 4;

interface Store {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** archive_command for one segment after the other, as PostgreSQL's archiver does it: seconds for each. */
async function archiveAll(
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
  }
  return seconds;
}

const sum = (seconds: readonly number[]): number => seconds.reduce((total, one) => total + one, 0);
const resident = async (pid: number | undefined): Promise<number> =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

const configOf = (store: Store, run: string): ArchiveConfig => {
  const zstd = { compression: 'zstd', attributes: {} } as const;
  const credentials = { accessKeyId: store.accessKeyId, secretAccessKey: store.secretAccessKey };
  return {
    s3: { bucket, endpoint: store.endpoint, credentials },
    location: { prefix: 'bench-wal', server: `${process.pid}-${run}` },
    wal: { ...zstd, maxParallel: parallel },
    history: zstd,
    data: { compression: 'none', attributes: {}, jobs: 2, immediateCheckpoint: true },
  };
};

async function allStored(config: ArchiveConfig): Promise<void> {
  using store = await openArchive(config);
  for (let found = 0; found < count; await delay(100)) {
    found = 0;
    for await (const _ of store.list(walDirectory(config.location))) found += 1;
  }
}

/** `ahead`: all but the first are in the store before they are asked for, and their times are those of the rest. */
async function ours(config: ArchiveConfig, directory: string, names: readonly string[], ahead: boolean) {
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
  try {
    const [port] = (await once(createInterface(child.stdout), 'line')) as [string];
    const before = await resident(child.pid);
    const script = path.join(root, 'src/instance/scripts/wal-request');
    const files = names.map((name) => path.join(directory, 'pg_wal', name));
    const archive = (some: readonly string[]): Promise<number[]> =>
      archiveAll((file) => ['bash', script, 'archive', file], { HOWDAH_LOCAL_PORT: port }, some);
    const first = await archive(files.slice(0, 1));
    if (ahead) await allStored(config);
    const rest = await archive(files.slice(1));
    return { seconds: ahead ? rest : [...first, ...rest], grown: (await resident(child.pid)) - before };
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
}

async function barman(
  store: Store,
  directory: string,
  names: readonly string[],
  run: number,
): Promise<number[] | undefined> {
  if (spawnSync('barman-cloud-wal-archive', ['--version']).error) return undefined;
  const args = ['--gzip', '--endpoint-url', store.endpoint, `s3://${bucket}/bench-barman`, `run-${process.pid}-${run}`];
  const env = {
    AWS_ACCESS_KEY_ID: store.accessKeyId,
    AWS_SECRET_ACCESS_KEY: store.secretAccessKey,
    AWS_DEFAULT_REGION: 'us-east-1',
  };
  // One start of Python for each: a few are enough to know.
  const files = names.slice(0, 10).map((name) => path.join(directory, 'pg_wal', name));
  return archiveAll((file) => ['barman-cloud-wal-archive', ...args, file], env, files);
}

/** WAL archive with zstd, and what Debian's tools do with the same segments and the same store. */
export async function walArchive(platform: Platform, runs: number): Promise<Figure[]> {
  const place = path.join('/tmp', `howdah-bench-wal-${process.pid}`);
  try {
    const names = await recordSegments(path.join(place, 'recorded'), count);
    const rates: number[] = [];
    const shipped: number[] = [];
    const grown: number[] = [];
    const peers: number[] = [];
    for (let run = 1; run <= runs; run += 1) {
      const directory = path.join(place, 'data');
      await waitingSegments(directory, path.join(place, 'recorded'), names);
      const one = await ours(configOf(platform.objectStore, `${run}`), directory, names, false);
      rates.push(count / sum(one.seconds));
      grown.push(one.grown);
      const two = await ours(configOf(platform.objectStore, `${run}-ahead`), directory, names, true);
      shipped.push(...two.seconds.map((seconds) => seconds * 1000));
      const theirs = await barman(platform.objectStore, directory, names, run);
      if (theirs) peers.push(theirs.length / sum(theirs));
    }
    if (peers.length === 0)
      process.stderr.write('SKIPPED: barman-cloud-wal-archive is not installed (apt-get install barman-cli-cloud)\n');
    return [
      {
        what: `WAL archive, zstd, ${parallel} in parallel`,
        unit: '/s',
        samples: rates,
        target: { limit: 60, better: 'more' },
      },
      ...(peers.length > 0 ? [{ what: 'the same by barman-cloud, gzip', unit: '/s', samples: peers } as const] : []),
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
