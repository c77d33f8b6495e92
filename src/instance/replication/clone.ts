import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import { parseBackupManifest } from '../../postgres/backup-manifest.ts';
import { formatLsn } from '../../postgres/lsn.ts';
import { BaseBackup } from './base-backup.ts';
import { ReplicationConnection, type ServerAddress } from './connection.ts';
import { syncAll } from '../../util/durable.ts';
import { extractTar } from './extract.ts';
import { ContentRecord } from './manifest-check.ts';
import { type DataPlace, Staging } from './staging.ts';

export interface CloneOptions {
  readonly label: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Files of the origin that mean something else here, or nothing. */
const stale = ['recovery.signal', 'standby.signal', 'postmaster.opts', 'backup_manifest', '.check-empty-wal-archive'];

async function receive(staging: Staging, origin: ServerAddress, options: CloneOptions): Promise<void> {
  const { log, signal } = options;
  await using connection = await ReplicationConnection.open(origin, signal);
  const backup = await BaseBackup.begin(connection, connection.major, {
    label: options.label,
    checkpoint: 'fast',
    waitForArchive: false,
  });
  log.info({ start: formatLsn(backup.start.lsn), timeline: backup.start.timeline }, 'Copying the data directory');
  const record = new ContentRecord();
  const written = { files: new Set<string>(), directories: new Set<string>([staging.directory]) };
  for await (const archive of backup.archives()) {
    const { oid, location, content } = archive;
    const directory = oid === undefined ? staging.directory : await staging.tablespace(oid, location);
    const manifestPrefix = oid === undefined ? '' : `pg_tblspc/${oid}/`;
    await extractTar(content, { directory, manifestPrefix, record, written, signal });
    written.directories.add(directory);
  }
  record.verify(parseBackupManifest(backup.manifest));
  await staging.writeTablespaceMap();
  for (const name of stale) await rm(path.join(staging.directory, name), { force: true });
  const signalFile = path.join(staging.directory, 'standby.signal');
  await writeFile(signalFile, '', { mode: 0o600 });
  await syncAll([...[...written.files].filter((file) => !stale.includes(path.basename(file))), signalFile], signal);
  await syncAll(written.directories, signal);
}

/**
 * Copies a running server into a data directory that is a standby when started, verified against the backup's manifest. WAL from
 * the backup's start on must come from a slot or an archive. Resolves to false when there is a data directory already.
 */
export async function clone(origin: ServerAddress, place: DataPlace, options: CloneOptions): Promise<boolean> {
  const staging = await Staging.begin(place);
  if (staging === 'present') return false;
  await receive(staging, origin, options);
  await staging.publish();
  return true;
}
