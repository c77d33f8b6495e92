import { mkdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { Logger } from 'pino';
import { decompressStream } from '../../objectstore/codec/compression.ts';
import { openBuffer, openStream } from '../../objectstore/codec/pipeline.ts';
import { frameFormat } from '../../objectstore/frames/codec.ts';
import { frameIndexKey, parseFrameIndex } from '../../objectstore/frames/index-file.ts';
import { decompressFrames } from '../../objectstore/frames/read.ts';
import { parallelGet } from '../../objectstore/parallel-get.ts';
import { type ArchiveCompression, backupDirectory, parseArchiveKey } from '../../objectstore/layout.ts';
import { type BackupManifest, parseBackupManifest } from '../../postgres/backup-manifest.ts';
import { manifestKey } from '../backup/take.ts';
import { syncAll } from '../replication/durable.ts';
import { extractTar } from '../replication/extract.ts';
import { ContentRecord } from '../replication/manifest-check.ts';
import type { Staging } from '../replication/staging.ts';
import type { Archive } from '../wal/archive-source.ts';
import { emptyCheckFile } from '../wal/ownership.ts';
import type { CatalogEntry } from './catalog.ts';

export interface FetchBackup {
  readonly archive: Archive;
  readonly entry: CatalogEntry;
  readonly staging: Staging;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

interface DataFile {
  readonly key: string;
  readonly tablespace: number | undefined;
  readonly part: number;
  readonly compression: ArchiveCompression;
  readonly size: number;
}

/** Files of the origin that mean something else here, or nothing. */
const stale = ['standby.signal', 'recovery.signal', 'postmaster.pid', 'postmaster.opts', 'backup_manifest'];

/** Ranges of a file that are fetched at once, of 8 MiB. */
const rangesAtOnce = 4;

async function dataFiles({ archive, entry, signal }: FetchBackup): Promise<DataFile[]> {
  const { location } = archive.config;
  const files: DataFile[] = [];
  for await (const found of archive.store.list(backupDirectory(location, entry.id), { signal })) {
    const file = found.kind === 'object' ? parseArchiveKey(location, found.key) : undefined;
    if (found.kind !== 'object' || file?.kind !== 'data') continue;
    const { tablespace, part, compression } = file;
    files.push({ key: found.key, tablespace, part, compression, size: found.size });
  }
  if (!files.some(({ tablespace }) => tablespace === undefined)) {
    throw new Error(`backup ${entry.id} has no data in the archive`);
  }
  return files.sort((a, b) => (a.tablespace ?? 0) - (b.tablespace ?? 0) || a.part - b.part);
}

async function readWhole({ archive, signal }: FetchBackup, key: string): Promise<Buffer | undefined> {
  const found = await archive.store.get(key, { signal });
  if (!found) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of found.body) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A file's plain bytes: frame by frame side by side when it is one of ours, else as one stream. */
async function plainContent(fetch: FetchBackup, file: DataFile): Promise<AsyncIterable<Buffer>> {
  const { archive, entry, signal } = fetch;
  const { key, size, compression, tablespace } = file;
  const sealed = parallelGet(archive.store, key, { size, concurrency: rangesAtOnce, signal });
  const stored = openStream({ keys: archive.config.keys, context: `${entry.id}/${tablespace ?? 'data'}.tar` }, sealed);
  const format = frameFormat(compression);
  const index = format && (await readWhole(fetch, frameIndexKey(key)));
  const sizes = index && parseFrameIndex(index);
  if (format && sizes) return decompressFrames(format, stored, { ahead: availableParallelism() + 2, sizes });
  return decompressStream(compression, Readable.from(stored, { objectMode: false }));
}

async function readManifest(fetch: FetchBackup): Promise<BackupManifest | undefined> {
  const { archive, entry, log } = fetch;
  const bytes = await readWhole(fetch, manifestKey(archive, entry.id));
  if (!bytes) {
    log.info(
      { backupId: entry.id },
      'The backup has no manifest (Barman stores none); its files are taken as they are',
    );
    return undefined;
  }
  const sealing = { keys: archive.config.keys, context: `${entry.id}/backup_manifest` };
  return parseBackupManifest(await openBuffer(sealing, bytes));
}

/** Downloads a backup into the staging directory, verified against its manifest, ready to be started in recovery. */
export async function fetchBackup(fetch: FetchBackup): Promise<void> {
  const { entry, staging, signal } = fetch;
  const { info } = entry;
  const files = await dataFiles(fetch);
  const manifest = await readManifest(fetch);
  const record = new ContentRecord([...(manifest?.files.values() ?? [])][0]?.algorithm);
  const written = { files: [] as string[], directories: new Set([staging.directory]) };
  for (const file of files) {
    const oid = file.tablespace;
    const location = info.tablespaces?.find((tablespace) => tablespace.oid === oid)?.location;
    if (oid !== undefined && location === undefined)
      throw new Error(`backup.info names no location of tablespace ${oid}`);
    const directory = oid === undefined ? staging.directory : await staging.tablespace(`${oid}`, location ?? '');
    const manifestPrefix = oid === undefined ? '' : `pg_tblspc/${oid}/`;
    const content = await plainContent(fetch, file);
    await extractTar(content, { directory, manifestPrefix, record, written, signal });
    written.directories.add(directory);
  }
  if (manifest) record.verify(manifest);
  const add = async (name: string, content: string): Promise<void> => {
    const place = path.join(staging.directory, name);
    await writeFile(place, content, { mode: 0o600 });
    written.files.push(place);
  };
  for (const name of [...stale, emptyCheckFile]) await rm(path.join(staging.directory, name), { force: true });
  if (!written.files.includes(path.join(staging.directory, 'backup_label'))) {
    if (info.backupLabel === undefined) throw new Error(`backup ${entry.id} has no backup_label`);
    await add('backup_label', info.backupLabel);
  }
  await add('recovery.signal', '');
  // The new database has not archived anything: its archive must be empty then.
  await add(emptyCheckFile, '');
  for (const name of ['pg_wal', 'pg_wal/archive_status']) {
    await mkdir(path.join(staging.directory, name), { recursive: true, mode: 0o700 });
    written.directories.add(path.join(staging.directory, name));
  }
  await staging.writeTablespaceMap();
  const gone = new Set(stale.map((name) => path.join(staging.directory, name)));
  const kept = new Set(written.files.filter((file) => !gone.has(file) || file.endsWith('/recovery.signal')));
  await syncAll(kept, signal);
  await syncAll(written.directories, signal);
}
