// Base backup and restore beside pgBackRest and barman-cloud: same server, same data, same store over TLS, same moment.
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { type ArchiveConfig, openArchive } from '../../../src/objectstore/archive/config.ts';
import { freeLoopbackAddress } from '../../../src/testing/loopback.ts';
import { barman } from './barman.ts';
import { cloning } from './clone.ts';
import type { ArchivingPostgres } from '../../../src/instance/recovery/testing.ts';
import { mixedDatabase } from './database.ts';
import { howdah } from './howdah.ts';
import { type Measured, measure } from './measure.ts';
import type { Peer, Step } from './peer.ts';
import { pgbackrest } from './pgbackrest.ts';
import { bucket, startStore } from './store.ts';

export interface PeerOptions {
  readonly mebibytes: number;
  readonly runs: number;
  readonly steps: readonly ('backup' | 'restore')[];
  readonly signal: AbortSignal;
}

const mebibyte = 1 << 20;
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

/** What one has left in the page cache is not the next one's to write. */
const settle = (): void => void spawnSync('sync');

const row = (what: string, { name }: Pick<Peer, 'name'>, size: number, all: readonly Measured[]): string => {
  const seconds = median(all.map((one) => one.seconds));
  const cells = [
    what,
    name,
    seconds.toFixed(1),
    (size / seconds).toFixed(0),
    median(all.map((one) => one.cpu)).toFixed(1),
    Math.max(...all.map((one) => one.memory)).toFixed(0),
  ];
  return `| ${cells.join(' | ')} |`;
};

async function measured(step: Step): Promise<Measured> {
  settle();
  return measure(step.mark, step.work);
}

export async function peers({ mebibytes, runs, steps, signal }: PeerOptions): Promise<void> {
  await using store = await startStore();
  const { endpoint, accessKeyId, secretAccessKey, ca } = store;
  const config = (compression: 'gzip' | 'none'): ArchiveConfig => ({
    s3: { bucket, endpoint, ca, credentials: { accessKeyId, secretAccessKey } },
    location: { prefix: 'p', server: compression },
    wal: { compression: 'none', attributes: {}, maxParallel: 2 },
    history: { compression: 'none', attributes: {} },
    data: { compression, attributes: {}, jobs: 2, immediateCheckpoint: true },
  });
  const open = async (compression: 'gzip' | 'none') => ({
    store: await openArchive(config(compression)),
    config: config(compression),
  });
  const gzip = await open('gzip');
  const address = await freeLoopbackAddress();
  await using pg = await mixedDatabase(gzip, { mebibytes, address, signal });
  const [found] = await pg.server.query<{ bytes: string }>(
    'SELECT sum(pg_database_size(oid))::text AS bytes FROM pg_database',
  );
  const size = Number(found?.bytes) / mebibyte;
  const all: Peer[] = [howdah(pg, gzip, 'gzip')];
  if (existsSync('/usr/bin/pgbackrest')) all.push(await pgbackrest(pg, store, 'gz'));
  else say('pgBackRest is not installed: apt-get install pgbackrest');
  if (existsSync('/usr/bin/barman-cloud-backup')) all.push(barman(pg, store, 'gzip'));
  else say('barman-cloud is not installed: apt-get install barman-cli-cloud');
  say(`${Math.round(size)} MiB, median of ${runs}\n`);
  say('| step | program | s | MiB/s | processor s | memory MiB |\n|---|---|---|---|---|---|');
  if (steps.includes('restore')) await clones(pg, address, size, runs);
  for (const peer of all) {
    signal.throwIfAborted();
    await peer.prepare?.();
    const backups: Measured[] = [];
    for (let number = 0; number < runs; number += 1) backups.push(await measured(peer.backup));
    if (steps.includes('backup')) say(row('backup', peer, size, backups));
    const stored = await sizeOf(gzip.store, peer.prefix);
    say(`<!-- ${peer.name}: ${(stored / runs / mebibyte).toFixed(0)} MiB stored per backup -->`);
    if (!steps.includes('restore')) continue;
    const restores = await intoNew(runs, (directory) => measured(peer.restore(directory)));
    say(row('restore', peer, size, restores));
  }
}

/** A replica as it is made instead of by a restore: the copy, and what it takes of the primary. */
async function clones(pg: ArchivingPostgres, address: string, size: number, runs: number): Promise<void> {
  const { run } = await cloning(pg, address);
  const all = await intoNew(runs, (directory) => {
    settle();
    return run(directory);
  });
  const [copies, senders] = [all.map(({ copy }) => copy), all.map(({ primary }) => primary)];
  say(row('replica', { name: 'Howdah, copied from the primary' }, size, copies));
  say(row('replica', { name: "its sender, one of the primary's processes" }, size, senders));
}

/** Does `work` so often, each time with a place for a data directory that is gone afterwards. */
async function intoNew<T>(runs: number, work: (directory: string) => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  for (let number = 0; number < runs; number += 1) {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'hwb-restore-'));
    // pgBackRest runs as the server's user.
    await chmod(directory, 0o755);
    try {
      all.push(await work(path.join(directory, 'data')));
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }
  return all;
}

async function sizeOf(store: Awaited<ReturnType<typeof openArchive>>, prefix: string): Promise<number> {
  let bytes = 0;
  for await (const entry of store.list(prefix))
    if (entry.kind === 'object' && !entry.key.includes('/wals/')) bytes += entry.size;
  return bytes;
}
