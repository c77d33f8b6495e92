import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import { parseBackupManifest } from '../../postgres/backup-manifest.ts';
import { completeLabel } from '../../postgres/incremental-file.ts';
import { readManifest } from '../backup/take.ts';
import { syncAll } from '../../util/durable.ts';
import { extractTar } from '../replication/extract.ts';
import { ContentRecord } from '../replication/manifest-check.ts';
import type { Staging } from '../replication/staging.ts';
import type { Archive } from '../wal/archive-source.ts';
import { HopelessError } from './hopeless.ts';
import { emptyCheckFile } from '../wal/ownership.ts';
import { dataFiles, plainContent } from './backup-data.ts';
import type { CatalogEntry } from '../backup/catalog.ts';

export interface FetchBackup {
  readonly archive: Archive;
  /** The full backup, then the incremental ones that lead to the wanted one, which is the last. */
  readonly chain: readonly CatalogEntry[];
  readonly staging: Staging;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** What an archive's extraction has made or changed. */
interface Written {
  readonly files: Set<string>;
  readonly directories: Set<string>;
}

/** Files of the origin that mean something else here, or nothing. */
const stale = ['standby.signal', 'recovery.signal', 'postmaster.pid', 'postmaster.opts', 'backup_manifest'];
const labelFile = 'backup_label';

/** What decompression and tar say of a damaged file does not say of which. */
function inFile(key: string, error: unknown): unknown {
  const { message } = error as { readonly message?: unknown };
  if (typeof message !== 'string' || error instanceof HopelessError || message.includes(key)) return error;
  return new Error(`"${key}" cannot be restored: ${message}`, { cause: error });
}

/** Writes one backup of the chain over those before it, verified against its manifest. */
async function extractMember(fetch: FetchBackup, entry: CatalogEntry): Promise<Written> {
  const { archive, chain, staging, log, signal } = fetch;
  const { id, info } = entry;
  const files = await dataFiles(archive, id, signal);
  const stored = await readManifest(archive, id, signal);
  if (!stored) log.info({ backupId: id }, 'The backup has no manifest (Barman stores none); it is taken as it is');
  const manifest = stored && parseBackupManifest(stored);
  const record = new ContentRecord([...(manifest?.files.values() ?? [])][0]?.algorithm);
  const written: Written = { files: new Set(), directories: new Set([staging.directory]) };
  const onParent = entry !== chain[0];
  for (const file of files) {
    const oid = file.tablespace;
    const location = info.tablespaces?.find((tablespace) => tablespace.oid === oid)?.location;
    if (oid !== undefined && location === undefined)
      throw new Error(`backup.info names no location of tablespace ${oid}`);
    const directory = oid === undefined ? staging.directory : await staging.tablespace(`${oid}`, location ?? '');
    const manifestPrefix = oid === undefined ? '' : `pg_tblspc/${oid}/`;
    try {
      const content = await plainContent(archive, file, signal);
      await extractTar(content, { directory, manifestPrefix, record, written, onParent, signal });
    } catch (error) {
      throw inFile(file.key, error);
    }
    written.directories.add(directory);
  }
  if (manifest) record.verify(manifest);
  return written;
}

/** Removes what earlier backups of the chain hold and the last one does not: tables and databases that were dropped. */
async function sweep(directory: string, written: Written): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const place = path.join(directory, entry.name);
    if (entry.isDirectory() && written.directories.has(place)) await sweep(place, written);
    else if (!written.files.has(place)) await rm(place, { recursive: true });
  }
}

async function combine(fetch: FetchBackup): Promise<Written> {
  const { chain, staging } = fetch;
  let written: Written | undefined;
  for (const entry of chain) written = await extractMember(fetch, entry);
  const last = chain.at(-1);
  if (!written || !last) throw new Error('there is no backup to fetch');
  if (chain.length === 1) return written;
  const kept = new Set(last.info.tablespaces?.map(({ oid }) => `${oid}`));
  for (const oid of staging.tablespaceOids()) if (!kept.has(oid)) await staging.dropTablespace(oid);
  for (const directory of [staging.directory, ...staging.tablespaceDirectories()]) await sweep(directory, written);
  const label = path.join(staging.directory, labelFile);
  await writeFile(label, completeLabel(await readFile(label, 'utf8')));
  return written;
}

/** Downloads a backup into the staging directory, verified against its manifest, ready to be started in recovery. */
export async function fetchBackup(fetch: FetchBackup): Promise<void> {
  const { chain, staging, signal } = fetch;
  const written = await combine(fetch);
  const add = async (name: string, content: string): Promise<void> => {
    const place = path.join(staging.directory, name);
    await writeFile(place, content, { mode: 0o600 });
    written.files.add(place);
  };
  for (const name of [...stale, emptyCheckFile]) {
    await rm(path.join(staging.directory, name), { force: true });
    written.files.delete(path.join(staging.directory, name));
  }
  if (!written.files.has(path.join(staging.directory, labelFile))) {
    const { id, info } = chain.at(-1) ?? {};
    if (info?.backupLabel === undefined) throw new Error(`backup ${id} has no backup_label`);
    await add(labelFile, info.backupLabel);
  }
  await add('recovery.signal', '');
  // The new database has not archived anything: its archive must be empty then.
  await add(emptyCheckFile, '');
  for (const name of ['pg_wal', 'pg_wal/archive_status']) {
    await mkdir(path.join(staging.directory, name), { recursive: true, mode: 0o700 });
    written.directories.add(path.join(staging.directory, name));
  }
  await staging.writeTablespaceMap();
  await syncAll(written.files, signal);
  await syncAll(written.directories, signal);
}
