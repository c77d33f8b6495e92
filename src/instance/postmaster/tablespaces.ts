import { lstat, mkdir, readFile, readdir, readlink, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { mount } from '../../paths.ts';

/** In PGDATA, where the container's root is not that of the machine: leads to the root. */
const rootLink = '.root';
const directory = 'data';

/**
 * What CREATE TABLESPACE names. Standbys replay it word for word, so it must mean the own volume in every pod: as a container sees it
 * that is so by itself. Without containers it leads through the postmaster's working directory, which is PGDATA (ADR 18).
 */
export const tablespaceLocation = (root: string, name: string): string =>
  `${root === '' ? '' : `/proc/self/cwd/${rootLink}`}${mount.tablespaces}/${name}/${directory}`;

/** The tablespace volume that a location is on, whatever the root before it; undefined for other places. */
export function volumeOf(location: string): string | undefined {
  const at = location.lastIndexOf(`${mount.tablespaces}/`);
  const [name = ''] = at < 0 ? [] : location.slice(at + mount.tablespaces.length + 1).split('/');
  return ['', '.', '..'].includes(name) ? undefined : name;
}

/** Only what is not there is nothing: whatever else keeps it from being read must not make what is in use look unused. */
function unless<T>(codes: readonly string[], other: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (codes.includes(error.code ?? '')) return other;
    throw error;
  };
}

const names = (place: string): Promise<string[]> => readdir(place).catch(unless(['ENOENT'], []));

/** Names of the tablespaces whose volume is mounted here. */
export const mountedTablespaces = (tablespaces: string): Promise<string[]> => names(tablespaces);

async function keepLink(link: string, to: string): Promise<void> {
  if ((await readlink(link).catch(() => undefined)) === to) return;
  await rm(link, { force: true });
  await symlink(to, link);
}

/** Before PostgreSQL is started: what it expects at the location of a tablespace that is made or replayed. */
export async function prepareTablespaces(data: string, tablespaces: string): Promise<void> {
  const mounted = await mountedTablespaces(tablespaces);
  if (mounted.length === 0) return;
  for (const name of mounted) await mkdir(path.join(tablespaces, name, directory), { recursive: true, mode: 0o700 });
  const root = tablespaces.endsWith(mount.tablespaces) ? tablespaces.slice(0, -mount.tablespaces.length) : '';
  if (root !== '') await keepLink(path.join(data, rootLink), root);
}

/** Tablespaces here cannot be told apart from the rest of the root by pg_rewind, which follows every link of its source. */
export const leadsOutside = (data: string): Promise<boolean> =>
  lstat(path.join(data, rootLink)).then(
    () => true,
    () => false,
  );

/** The directories on tablespaces' volumes that a data directory uses: by its links, or before its first start by its map. */
async function usedBy(data: string): Promise<string[]> {
  const links = path.join(data, 'pg_tblspc');
  const linked = await Promise.all(
    (await names(links)).map((oid) => readlink(path.join(links, oid)).catch(unless(['EINVAL', 'ENOENT'], ''))),
  );
  const map = await readFile(path.join(data, 'tablespace_map'), 'utf8').catch(unless(['ENOENT'], ''));
  return [...linked, ...map.split('\n').map((line) => line.slice(line.indexOf(' ') + 1))];
}

/**
 * Removes what no data directory of this instance uses any more: copies that were given up or replaced. The place of a tablespace that is
 * made next stays, and is emptied only while the tablespace is elsewhere on its volume: else it may be about to be made.
 */
export async function removeUnused(tablespaces: string, dataDirectories: readonly string[]): Promise<void> {
  const used = (await Promise.all(dataDirectories.map(usedBy))).flat();
  for (const name of await mountedTablespaces(tablespaces)) {
    const onVolume = used.filter((location) => volumeOf(location) === name).map((location) => path.basename(location));
    for (const entry of await names(path.join(tablespaces, name))) {
      if (onVolume.includes(entry)) continue;
      const place = path.join(tablespaces, name, entry);
      if (/^data-[0-9a-f]{8}$/.test(entry)) await rm(place, { recursive: true, force: true });
      else if (entry === directory && onVolume.length > 0)
        for (const child of await names(place)) await rm(path.join(place, child), { recursive: true, force: true });
    }
  }
}
