import { mkdir, readFile, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import { mountedTablespaces, volumeOf } from '../postmaster/tablespaces.ts';
import { sync, writeDurably } from '../../util/durable.ts';

/** Where a data directory and what belongs to it come to lie. */
export interface DataPlace {
  /** PGDATA. */
  readonly data: string;
  /** The directory for pg_wal on a volume of its own, when the cluster has one. */
  readonly wal?: string | undefined;
  /** Below it each tablespace has its volume. */
  readonly tablespaces: string;
  /** The directory on the volume of a tablespace, when another than that of a first copy. */
  readonly tablespaceDirectory?: string | undefined;
}

const staged = (place: string): string => `${place}.staging`;

async function isEmpty(directory: string): Promise<boolean> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.length === 0;
}

const exists = (place: string): Promise<boolean> =>
  stat(place).then(
    () => true,
    () => false,
  );

/**
 * A data directory in the making. It is built beside its place and renamed there as the last step, so that PGDATA is either
 * absent or whole, whenever a process dies. While `<PGDATA>.staging` exists, what lies at the WAL's and the tablespaces' places
 * is a leftover of the same attempt; without it, it is somebody's data and is not touched.
 */
export class Staging {
  readonly place: DataPlace;
  readonly directory: string;
  readonly #tablespaces = new Map<string, string>();

  private constructor(place: DataPlace) {
    this.place = place;
    this.directory = staged(place.data);
  }

  /** 'present' when PGDATA is already there: an earlier run came to its end. Throws when something else is in the way. */
  static async begin(place: DataPlace): Promise<Staging | 'present'> {
    if (await exists(path.join(place.data, 'global/pg_control'))) return 'present';
    if (!(await isEmpty(place.data))) {
      throw new Error(`${place.data} is not empty and holds no PostgreSQL database: refusing to write there`);
    }
    const staging = new Staging(place);
    if (await exists(staging.directory)) await staging.#removeLeftovers();
    if (place.wal !== undefined && !(await isEmpty(place.wal))) {
      throw new Error(`${place.wal} is not empty although ${place.data} is: refusing to write there`);
    }
    for (const one of await staging.#tablespacePlaces()) {
      if (!(await isEmpty(one)))
        throw new Error(`${one} is not empty although ${place.data} is: refusing to write there`);
    }
    await mkdir(staging.directory, { recursive: true, mode: 0o700 });
    await sync(path.dirname(staging.directory));
    return staging;
  }

  async #removeLeftovers(): Promise<void> {
    const { wal } = this.place;
    if (wal !== undefined) await rm(wal, { recursive: true, force: true });
    for (const one of await this.#tablespacePlaces()) await rm(one, { recursive: true, force: true });
    await rm(this.directory, { recursive: true, force: true });
  }

  async #tablespacePlaces(): Promise<string[]> {
    const { tablespaces, tablespaceDirectory = 'data' } = this.place;
    return (await mountedTablespaces(tablespaces)).map((name) => path.join(tablespaces, name, tablespaceDirectory));
  }

  /** The directory to write a tablespace to: the same volume as on the origin, wherever its root is here. */
  async tablespace(oid: string, location: string): Promise<string> {
    const known = this.#tablespaces.get(oid);
    if (known !== undefined) return known;
    const name = volumeOf(location);
    if (name === undefined)
      throw new Error(`tablespace ${oid} lies at ${location}, which is not on a tablespace volume`);
    const volume = path.join(this.place.tablespaces, name);
    // Elsewhere than on a volume it would be gone with the pod.
    if (!(await exists(volume)))
      throw new Error(`the backup has a tablespace "${name}", and spec.tablespaces names no such one`);
    const local = path.join(volume, this.place.tablespaceDirectory ?? 'data');
    if (this.tablespaceDirectories().includes(local))
      throw new Error(`the backup has two tablespaces on the volume "${name}": only one of them has a place here`);
    await mkdir(local, { recursive: true, mode: 0o700 });
    this.#tablespaces.set(oid, local);
    return local;
  }

  tablespaceOids(): string[] {
    return [...this.#tablespaces.keys()];
  }

  tablespaceDirectories(): string[] {
    return [...this.#tablespaces.values()];
  }

  /** What was written for a tablespace that a later backup of the chain does not have any more. */
  async dropTablespace(oid: string): Promise<void> {
    const local = this.#tablespaces.get(oid);
    if (local === undefined) return;
    await rm(local, { recursive: true, force: true });
    this.#tablespaces.delete(oid);
  }

  /** The locations as PostgreSQL reads them to make its links at the first start. */
  async writeTablespaceMap(): Promise<void> {
    const map = path.join(this.directory, 'tablespace_map');
    if (this.#tablespaces.size === 0) return;
    const lines = [...this.#tablespaces].map(([oid, location]) => `${oid} ${location}\n`);
    await writeDurably(map, lines.join(''));
  }

  /** Moves pg_wal to its volume and the whole to its place. Everything written must be synced before. */
  async publish(): Promise<void> {
    const { data, wal } = this.place;
    if (wal !== undefined) {
      const inside = path.join(this.directory, 'pg_wal');
      await copyDirectory(inside, wal);
      await rm(inside, { recursive: true, force: true });
      await symlink(wal, inside);
      await sync(this.directory);
    }
    await rm(data, { recursive: true, force: true });
    await rename(this.directory, data);
    await sync(path.dirname(data));
  }
}

/** A base backup's pg_wal holds directories and at most a few files. */
async function copyDirectory(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const entry of await readdir(from, { withFileTypes: true }).catch(() => [])) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) await copyDirectory(source, target);
    else await writeDurably(target, await readFile(source));
  }
  await sync(to);
  await sync(path.dirname(to));
}
