import type { Catalog, CatalogEntry } from './catalog.ts';

export interface Chain {
  /** The full backup, then what each later one adds to it; the asked backup is the last. */
  readonly members: readonly CatalogEntry[];
  /** Id of a backup that the chain needs and the archive does not hold. */
  readonly missing: string | undefined;
}

/** What must be downloaded to restore a backup. */
export function chainOf(catalog: Pick<Catalog, 'backups'>, entry: CatalogEntry): Chain {
  const members = [entry];
  for (let first = entry; first.info.parentBackupId !== undefined;) {
    const parent = catalog.backups.find(({ id }) => id === first.info.parentBackupId);
    // A file that names one of its own children as parent was written by nobody.
    if (!parent || members.includes(parent)) return { members, missing: first.info.parentBackupId };
    members.unshift(parent);
    first = parent;
  }
  return { members, missing: undefined };
}
