import type { BackupInfo } from '../../objectstore/backup-info.ts';
import { readBackupInfo } from '../../objectstore/backup-info-object.ts';
import { type ArchiveLocation, baseDirectory } from '../../objectstore/layout.ts';
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
      const info = await readBackupInfo(store, location, id, signal);
      if (info?.status === 'DONE') backups.push({ id, info });
    } catch (error) {
      signal.throwIfAborted();
      unreadable.push(`${id}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  backups.sort((a, b) => ((a.info.endTime?.getTime() ?? 0) < (b.info.endTime?.getTime() ?? 0) ? -1 : 1));
  return { backups, unreadable };
}
