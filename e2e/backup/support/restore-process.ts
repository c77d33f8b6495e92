// A recovery in a process of its own, to be killed: `restore-process.ts REQUEST`, a JSON file.
import { chown, readFile } from 'node:fs/promises';
import path from 'node:path';
import { recover } from '../../../src/instance/recovery/recover.ts';
import { parseTarget } from '../../../src/instance/recovery/target.ts';
import { requestScript, silent } from '../../../src/instance/recovery/testing.ts';
import { serveWal } from '../../../src/instance/recovery/wal-server.ts';
import { Restorer } from '../../../src/instance/wal/restore.ts';
import { type ArchiveConfig, openArchive } from '../../../src/objectstore/archive/config.ts';
import { type Major, postgresInstallation } from '../../../src/testing/postgres.ts';

export interface RestoreRequest {
  readonly config: ArchiveConfig;
  readonly major: Major;
  readonly root: string;
}

const { config, major, root } = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as RestoreRequest;
const signal = AbortSignal.timeout(300_000);
const installation = await postgresInstallation(major);
using store = await openArchive(config);
const origin = { store, config };
const restorer = new Restorer({
  dataDirectory: `${root}/data/pgdata`,
  source: { get: () => Promise.resolve(origin), invalidate: () => undefined },
  segmentSize: () => Promise.resolve(16 << 20),
  history: () => Promise.resolve(undefined),
  onFailure: 'stop',
  patience: 5_000,
  log: silent,
  signal,
});
await using wal = await serveWal(
  {
    restorer: {
      async restore(file, place, requested) {
        const result = await restorer.restore(file, place, requested);
        const { user } = installation;
        if (user && result.outcome === 'restored') await chown(place, user.uid, user.gid);
        return result;
      },
    },
  },
  '127.0.0.1',
  signal,
);
const script = await requestScript(root);
try {
  const result = await recover({
    origin,
    skipEmptyCheck: false,
    target: parseTarget({}),
    place: { data: `${root}/data/pgdata`, tablespaces: `${root}/tablespaces` },
    state: `${root}/data/howdah`,
    directory: `${root}/run`,
    program: () => Promise.resolve(path.join(installation.bin, 'postgres')),
    ...(installation.user && { user: installation.user }),
    restoreCommand: `HOWDAH_LOCAL_PORT=${wal.port} ${script} restore %f %p`,
    settings: { shared_buffers: '16MB', fsync: 'off' },
    log: silent,
    signal,
  });
  process.stdout.write(`${JSON.stringify(result)}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
