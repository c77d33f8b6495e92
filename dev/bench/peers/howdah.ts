import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { build } from 'esbuild';
import { backUpInWorker } from '../../../src/instance/backup/worker-process.ts';
import type { ArchivingPostgres } from '../../../src/instance/recovery/testing.ts';
import { silent } from '../../../src/instance/recovery/testing.ts';
import type { Archive } from '../../../src/instance/wal/archive-source.ts';
import { bundled } from '../../bundle.ts';
import type { Peer } from './peer.ts';

const program = path.join(import.meta.dirname, '../../../dist/howdah/lib/howdah.mjs');
const quiet = ['--disable-warning=ExperimentalWarning'];

const restorer = path.join(import.meta.dirname, '../../../dist/bench/restore.mjs');

export function howdah(pg: ArchivingPostgres, archive: Archive, compression: string): Peer {
  const worker = {
    file: process.execPath,
    args: [...quiet, program, 'instance', 'backup-worker', '--log-level=error'],
  };
  return {
    name: `Howdah, ${compression}`,
    prefix: 'p/',
    // Bundled, as the program is shipped.
    prepare: () =>
      build({
        ...bundled,
        entryPoints: { restore: path.join(import.meta.dirname, 'restore-child.ts') },
        outdir: path.dirname(restorer),
        splitting: true,
      }),
    backup: {
      mark: 'backup-worker',
      work: () =>
        backUpInWorker(worker, {
          archive,
          name: 'bench',
          status: { phase: 'started' },
          sql: pg.server.connection(),
          replication: { host: pg.server.socketDirectory, port: pg.server.port, user: 'postgres' },
          asked: {},
          write: () => Promise.resolve(),
          walPatience: 60_000,
          log: silent,
          signal: AbortSignal.timeout(900_000),
        }),
    },
    restore: (directory) => ({
      mark: 'bench/restore.mjs',
      async work() {
        const child = fork(restorer, { execArgv: quiet });
        child.send({ config: archive.config, directory });
        const [code] = (await once(child, 'exit')) as [number];
        if (code !== 0) throw new Error(`the restore ended with ${code}`);
      },
    }),
  };
}
