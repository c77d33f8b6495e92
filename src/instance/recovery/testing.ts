// A PostgreSQL that archives into a real S3 server, for the tests of archive, backup and recovery.
import { chmod, copyFile, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pino from 'pino';
import { type TestObjectStore, startObjectStore } from '../../local/objectstore/testing.ts';
import { BlockPool } from '../../objectstore/codec/block-pool.ts';
import { type ArchiveConfig, openArchive } from '../../objectstore/archive/config.ts';
import { createTurns } from '../../util/turns.ts';
import { type Major, type TemporaryPostgres, temporaryPostgres } from '../../testing/postgres.ts';
import { readServerFacts } from '../backup/server-facts.ts';
import { ArchiveOwner, type ArchiveOwnerDeps } from '../wal/archive-owner.ts';
import type { Archive } from '../wal/archive-source.ts';
import { Archiver, type ArchiverDeps } from '../wal/archive.ts';
import type { Ship } from '../wal/shipper.ts';
import { putWal } from '../wal/wal-objects.ts';
import type { ArchivingState } from '../wal/condition.ts';
import { serveWal } from './wal-server.ts';

export const silent = pino({ level: process.env['HOWDAH_TEST_LOG'] ?? 'silent' });

export interface TestArchive extends AsyncDisposable {
  readonly store: TestObjectStore;
  open(server: string, change?: Partial<ArchiveConfig>): Promise<Archive>;
}

export async function testArchive(): Promise<TestArchive> {
  const store = await startObjectStore({ buckets: ['backups'] });
  const opened: Disposable[] = [];
  return {
    store,
    async open(server, change = {}) {
      const { endpoint, accessKeyId, secretAccessKey } = store;
      const none = { compression: 'none', attributes: {} } as const;
      const config: ArchiveConfig = {
        s3: { bucket: 'backups', endpoint, credentials: { accessKeyId, secretAccessKey }, attempts: 2 },
        location: { prefix: 'p', server },
        wal: { ...none, maxParallel: 2 },
        history: none,
        data: { ...none, jobs: 2, immediateCheckpoint: true },
        ...change,
      };
      const client = await openArchive(config);
      opened.push(client);
      return { store: client, config };
    },
    async [Symbol.asyncDispose]() {
      for (const client of opened) client[Symbol.dispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

export const alwaysPrimary: Pick<ArchiverDeps, 'role' | 'timeLeft' | 'standby' | 'written'> = {
  written: () => Promise.resolve(undefined),
  role: () => 'primary',
  timeLeft: () => undefined,
  standby: { confirm: () => Promise.resolve(undefined) },
};

/** Of a database that was never told of epochs. */
export const anOwner = (dataDirectory: string, change: Partial<ArchiveOwnerDeps> = {}): ArchiveOwner =>
  new ArchiveOwner({
    ...{ dataDirectory, systemIdentifier: () => Promise.resolve('7'), skipEmptyCheck: () => false },
    ...{ writer: () => undefined, lookAgain: 0 },
    ...change,
  });

/** Ships without a process of its own. */
export function shipHere(archive: () => Promise<Archive | undefined>): Ship {
  const packing = { pool: new BlockPool(8 << 20), reclaim: () => undefined, turn: createTurns(2) };
  return async (request, signal) => {
    const opened = await archive();
    if (!opened) throw new Error('no archive');
    return putWal(opened, { ...request, packing }, signal);
  };
}

/** A copy of the request script that the server's unprivileged user can read. */
export async function requestScript(directory: string): Promise<string> {
  const script = path.join(directory, 'wal-request');
  await copyFile(path.join(path.dirname(import.meta.dirname), 'scripts/wal-request'), script);
  await chmod(script, 0o755);
  return script;
}

export interface ArchivingPostgres extends AsyncDisposable {
  readonly server: TemporaryPostgres;
  readonly archiver: Archiver;
  readonly states: ArchivingState[];
  /** Completes the current segment and waits until PostgreSQL counts it as archived. */
  switchAndWait(): Promise<string>;
}

interface ArchivingOptions {
  readonly major?: Major;
  readonly settings?: Record<string, string>;
  readonly initdb?: string[];
  readonly hba?: readonly string[];
  readonly dataDirectory?: string;
  /** Default: in this process. */
  readonly ship?: Ship;
}

export async function archivingPostgres(
  archive: () => Promise<Archive | undefined>,
  options: ArchivingOptions = {},
): Promise<ArchivingPostgres> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'hwa-'));
  await chmod(directory, 0o755);
  const states: ArchivingState[] = [];
  const until = new AbortController();
  const running: { server?: TemporaryPostgres } = {};
  const current = (): TemporaryPostgres => {
    if (!running.server) throw new Error('the server is not up');
    return running.server;
  };
  let segmentSize = 16 << 20;
  const systemIdentifier = async (): Promise<string> =>
    (await readServerFacts(current().connection())).systemIdentifier;
  const archiver = new Archiver({
    get dataDirectory() {
      return current().dataDirectory;
    },
    source: { get: archive, invalidate: () => undefined },
    ...alwaysPrimary,
    systemIdentifier,
    history: () => Promise.resolve(undefined),
    segmentSize: () => Promise.resolve(segmentSize),
    owner: new ArchiveOwner({
      ...{ systemIdentifier, writer: () => undefined, skipEmptyCheck: () => false },
      get dataDirectory() {
        return current().dataDirectory;
      },
    }),
    alarm: () => undefined,
    ship: options.ship ?? shipHere(archive),
    reporter: { report: (state) => void states.push(state) },
    log: silent,
    signal: until.signal,
  });
  const wal = await serveWal({ archiver }, '127.0.0.1', until.signal);
  const settings = {
    archive_mode: 'on',
    archive_command: `HOWDAH_LOCAL_PORT=${wal.port} ${await requestScript(directory)} archive %p`,
    wal_level: 'replica',
    max_wal_senders: '5',
    ...options.settings,
  };
  const server = await temporaryPostgres({ ...options, settings }).catch(async (error: unknown) => {
    await wal[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
    throw error;
  });
  running.server = server;
  segmentSize = (await readServerFacts(server.connection())).segmentSize;
  return {
    server,
    archiver,
    states,
    async switchAndWait() {
      // A switch does nothing in a segment without content.
      await current().query('SELECT txid_current()');
      const [row] = await current().query<{ name: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS name');
      const name = row?.name ?? '';
      for (const deadline = Date.now() + 120_000; Date.now() < deadline;) {
        const [stats] = await current().query<{ last: string | null }>(
          'SELECT last_archived_wal AS last FROM pg_stat_archiver',
        );
        if ((stats?.last ?? '') >= name) return name;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error(`${name} was not archived: ${JSON.stringify(states.at(-1))}\n${await current().log()}`);
    },
    async [Symbol.asyncDispose]() {
      await current()[Symbol.asyncDispose]();
      until.abort();
      await wal[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
