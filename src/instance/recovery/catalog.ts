import { type BackupInfo, parseBackupInfo } from '../../objectstore/backup-info.ts';
import { type ArchiveLocation, backupInfoKey, baseDirectory } from '../../objectstore/layout.ts';
import type { ObjectStore } from '../../objectstore/port.ts';

export interface CatalogEntry {
  readonly id: string;
  readonly info: BackupInfo;
}

export interface Catalog {
  /** Complete backups, oldest first. */
  readonly backups: readonly CatalogEntry[];
  /** Files that could not be read, with the reason. */
  readonly unreadable: readonly string[];
}

async function readInfo(
  store: ObjectStore,
  location: ArchiveLocation,
  id: string,
  signal: AbortSignal,
): Promise<BackupInfo | undefined> {
  const found = await store.get(backupInfoKey(location, id), { signal });
  if (!found) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of found.body) chunks.push(chunk as Buffer);
  return parseBackupInfo(Buffer.concat(chunks).toString());
}

/** All complete backups of a server, by listing what is there. One that cannot be read does not hide the others. */
export async function readCatalog(
  store: ObjectStore,
  location: ArchiveLocation,
  signal: AbortSignal,
): Promise<Catalog> {
  const backups: CatalogEntry[] = [];
  const unreadable: string[] = [];
  const directory = baseDirectory(location);
  for await (const entry of store.list(directory, { delimiter: '/', signal })) {
    if (entry.kind !== 'prefix') continue;
    const id = entry.prefix.slice(directory.length).replace(/\/$/, '');
    try {
      const info = await readInfo(store, location, id, signal);
      if (info?.status === 'DONE') backups.push({ id, info });
    } catch (error) {
      signal.throwIfAborted();
      unreadable.push(`${id}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  backups.sort((a, b) => ((a.info.endTime?.getTime() ?? 0) < (b.info.endTime?.getTime() ?? 0) ? -1 : 1));
  return { backups, unreadable };
}
