// A backup taken and restored in one process, for the tests of recovery.
import { chmod, chown, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseControlData } from '../../postgres/control-data.ts';
import { type Major, postgresInstallation } from '../../testing/postgres.ts';
import type { ExtentRequest } from '../backup/extent.ts';
import { runBackup } from '../backup/run-backup.ts';
import type { Archive } from '../wal/archive-source.ts';
import { Restorer } from '../wal/restore.ts';
import type { WalRestorer } from '../wal/port.ts';
import { type RecoverOptions, type Recovered, recover } from './recover.ts';
import { parseTarget, type RecoveryTargetSpec } from './target.ts';
import { type ArchivingPostgres, requestScript, silent } from './testing.ts';
import { serveWal } from './wal-server.ts';

const signal = (): AbortSignal => AbortSignal.timeout(90_000);

export async function backUp(
  pg: ArchivingPostgres,
  archive: Archive,
  { abort = signal(), asked = {} }: { abort?: AbortSignal; asked?: ExtentRequest } = {},
): Promise<string> {
  const replication = { host: pg.server.socketDirectory, port: pg.server.port, user: 'postgres' };
  const { id } = await runBackup({
    archive,
    name: 'b',
    status: { phase: 'started' },
    sql: pg.server.connection(),
    replication,
    asked,
    write: () => Promise.resolve(),
    walPatience: 20_000,
    log: silent,
    signal: abort,
  });
  return id;
}

interface Restore {
  readonly major: Major;
  readonly origin: Archive;
  readonly target: RecoveryTargetSpec;
  readonly change?: Partial<RecoverOptions>;
  /** Milliseconds for which a store that fails is asked for WAL again. */
  readonly patience?: number;
}

export interface Restored extends AsyncDisposable {
  readonly root: string;
  readonly data: string;
  run(abort?: AbortSignal): Promise<Recovered | 'present'>;
}

/** Dispose of it when the server on its data has ended. */
export async function aRestore({ major, origin, target, change, patience = 1_000 }: Restore): Promise<Restored> {
  const installation = await postgresInstallation(major);
  const root = await mkdtemp(path.join(os.tmpdir(), 'hwr-'));
  await chmod(root, 0o755);
  for (const volume of ['data', 'wal', 'tablespaces']) await mkdir(`${root}/${volume}`, { mode: 0o755 });
  const data = `${root}/data/pgdata`;
  return {
    root,
    data,
    async run(abort = signal()) {
      const restorer = new Restorer({
        dataDirectory: data,
        source: { get: () => Promise.resolve(origin), invalidate: () => undefined },
        segmentSize: async () => parseControlData(await readFile(`${data}/global/pg_control`)).walSegmentSize,
        history: () => Promise.resolve(undefined),
        onFailure: 'stop',
        patience,
        log: silent,
        signal: abort,
      });
      const handed: WalRestorer = {
        async restore(file, place, requested) {
          const result = await restorer.restore(file, place, requested);
          // The manager runs as PostgreSQL's user; these tests may run as root.
          const { user } = installation;
          if (user && result.outcome === 'restored') await chown(place, user.uid, user.gid);
          return result;
        },
      };
      await using wal = await serveWal({ restorer: handed }, '127.0.0.1', abort);
      const script = await requestScript(root);
      return await recover({
        origin,
        skipEmptyCheck: false,
        target: parseTarget(target),
        place: { data, wal: `${root}/wal/pg_wal`, tablespaces: `${root}/tablespaces` },
        state: `${root}/data/howdah`,
        directory: `${root}/run`,
        program: () => Promise.resolve(path.join(installation.bin, 'postgres')),
        ...(installation.user && { user: installation.user }),
        restoreCommand: `HOWDAH_LOCAL_PORT=${wal.port} ${script} restore %f %p`,
        settings: { shared_buffers: '16MB', fsync: 'off' },
        application: { database: 'app', owner: 'app owner' },
        log: silent,
        signal: abort,
        ...change,
      });
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}
