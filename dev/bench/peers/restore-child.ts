// Howdah's own download of a base backup, as the recovery job does it, in a process of its own.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { fetchBackup } from '../../../src/instance/recovery/fetch-backup.ts';
import { readCatalog } from '../../../src/instance/backup/catalog.ts';
import { Staging } from '../../../src/instance/replication/staging.ts';
import { type ArchiveConfig, openArchive } from '../../../src/objectstore/archive/config.ts';

process.once('message', ({ config, directory }: { config: ArchiveConfig; directory: string }) => {
  void (async () => {
    const signal = AbortSignal.timeout(900_000);
    using store = await openArchive(config);
    const place = { data: path.join(directory, 'pgdata'), tablespaces: path.join(directory, 'tablespaces') };
    await mkdir(directory, { recursive: true });
    const staging = await Staging.begin(place);
    if (staging === 'present') throw new Error('there is a data directory already');
    const entry = (await readCatalog(store, config.location, signal)).backups.at(-1);
    if (!entry) throw new Error('there is no backup');
    await fetchBackup({ archive: { store, config }, chain: [entry], staging, log: pino({ level: 'silent' }), signal });
    await staging.publish();
    process.exit(0);
  })().catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
});
