// A process that archives as the instance manager does, with nothing else in it: what it takes can be measured.
import pino from 'pino';
import { ArchiveOwner } from '../../../src/instance/wal/archive-owner.ts';
import { Archiver } from '../../../src/instance/wal/archive.ts';
import { workerCommand } from '../../../src/instance/programs/worker-command.ts';
import { Shipper } from '../../../src/instance/wal/shipper.ts';
import { serveWal } from '../../../src/instance/recovery/wal-server.ts';
import { type ArchiveConfig, openArchive } from '../../../src/objectstore/archive/config.ts';

const { config, dataDirectory } = JSON.parse(process.argv[2] ?? '') as { config: ArchiveConfig; dataDirectory: string };
// The worker is started as the program that is shipped, whose path this process has as its own.
process.argv[1] = new URL('../../../dist/howdah/lib/howdah.mjs', import.meta.url).pathname;
const life = new AbortController();
const store = await openArchive(config);
const archive = { store, config };
const archiver = new Archiver({
  dataDirectory,
  source: { get: () => Promise.resolve(archive), invalidate: () => undefined },
  role: () => 'primary',
  timeLeft: () => undefined,
  standby: { confirm: () => Promise.resolve(undefined) },
  systemIdentifier: () => Promise.resolve('7'),
  history: () => Promise.resolve(undefined),
  written: () => Promise.resolve(undefined),
  segmentSize: () => Promise.resolve(16 << 20),
  owner: new ArchiveOwner({
    ...{ dataDirectory, systemIdentifier: () => Promise.resolve('7') },
    ...{ skipEmptyCheck: () => false, writer: () => ({ epoch: 1, instance: 'bench-1' }) },
  }),
  alarm: () => undefined,
  ship: new Shipper(workerCommand('warn', 'wal-worker')).ship,
  reporter: { report: () => undefined },
  log: pino({ level: 'warn' }, pino.destination(2)),
  signal: life.signal,
});
const server = await serveWal({ archiver }, '127.0.0.1', life.signal);
process.stdout.write(`${server.port}\n`);
