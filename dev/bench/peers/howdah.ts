import path from 'node:path';
import { backUpInWorker } from '../../../src/instance/backup/worker-process.ts';
import type { ArchivingPostgres } from '../../../src/instance/recovery/testing.ts';
import { silent } from '../../../src/instance/recovery/testing.ts';
import type { Archive } from '../../../src/instance/wal/archive-source.ts';
import { buildChild, runChild } from './children.ts';
import type { Peer } from './peer.ts';

const program = path.join(import.meta.dirname, '../../../dist/howdah/lib/howdah.mjs');
const quiet = ['--disable-warning=ExperimentalWarning'];

export function howdah(pg: ArchivingPostgres, archive: Archive, compression: string): Peer {
  const worker = {
    file: process.execPath,
    args: [...quiet, program, 'instance', 'backup-worker', '--log-level=error'],
  };
  return {
    name: `Howdah, ${compression}`,
    prefix: 'p/',
    prepare: () => buildChild('restore'),
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
      work: () => runChild('restore', { config: archive.config, directory }),
    }),
  };
}
