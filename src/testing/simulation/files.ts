import type { Random } from './random.ts';

/** Text and bytes; or what stands for files that nobody but the simulated PostgreSQL reads. */
export type Content = string | Uint8Array | object;

interface Inode {
  content: Content;
  /** What a power cut leaves of it. */
  durable: Content | undefined;
  modified: number;
}

export class FileError extends Error {
  readonly code: string;
  constructor(code: string, path: string) {
    super(`${code}: ${path}`);
    this.code = code;
  }
}

const parent = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/**
 * A disk that forgets at a power cut what was not synced: the content of a file without its fsync, the entry of a directory without the
 * directory's. A crash of processes alone loses nothing.
 */
export class Files {
  #entries = new Map<string, Inode>();
  #durable = new Map<string, Inode>();
  readonly #directories = new Set<string>();
  readonly #wallClock: () => number;

  constructor(wallClock: () => number) {
    this.#wallClock = wallClock;
  }

  read(path: string): Content {
    const inode = this.#entries.get(path);
    if (!inode) throw new FileError('ENOENT', path);
    return inode.content;
  }

  has(path: string): boolean {
    return this.#entries.has(path) || this.isDirectory(path);
  }

  isDirectory(path: string): boolean {
    return this.#directories.has(path);
  }

  modified(path: string): number {
    const inode = this.#entries.get(path);
    if (!inode && !this.isDirectory(path)) throw new FileError('ENOENT', path);
    return inode?.modified ?? 0;
  }

  write(path: string, content: Content): void {
    const inode = this.#entries.get(path);
    if (inode) {
      inode.content = content;
      inode.modified = this.#wallClock();
      return;
    }
    this.mkdir(parent(path));
    this.#entries.set(path, { content, durable: undefined, modified: this.#wallClock() });
  }

  /** As PostgreSQL writes its own files: synced with its directory. */
  writeDurably(path: string, content: Content): void {
    this.write(path, content);
    this.sync(path);
    this.#keepEntry(path);
  }

  removeDurably(path: string): void {
    this.#entries.delete(path);
    this.#durable.delete(path);
  }

  sync(path: string): void {
    const inode = this.#entries.get(path);
    if (inode) inode.durable = inode.content;
    else this.#syncDirectory(path);
  }

  #keepEntry(path: string): void {
    const inode = this.#entries.get(path);
    if (inode) this.#durable.set(path, inode);
    else this.#durable.delete(path);
  }

  #syncDirectory(path: string): void {
    const inside = (name: string): boolean => parent(name) === path;
    for (const name of [...this.#entries.keys(), ...this.#durable.keys()].filter(inside)) this.#keepEntry(name);
    // A directory that was renamed is an entry here, with all that it holds.
    for (const name of [...this.#durable.keys()]) {
      if (name.startsWith(`${path}/`) && !this.#entries.has(name)) this.#durable.delete(name);
    }
    for (const [name, inode] of this.#entries) {
      if (name.startsWith(`${path}/`) && inode.durable !== undefined) this.#durable.set(name, inode);
    }
  }

  mkdir(path: string): void {
    for (let place = path; place.includes('/', 1) && !this.#directories.has(place); place = parent(place)) {
      this.#directories.add(place);
    }
  }

  rename(from: string, to: string): void {
    const inode = this.#entries.get(from);
    if (inode) {
      this.#entries.set(to, inode);
      this.#entries.delete(from);
      return;
    }
    if (!this.isDirectory(from)) throw new FileError('ENOENT', from);
    for (const [name, moved] of [...this.#entries].filter(([name]) => name.startsWith(`${from}/`))) {
      this.#entries.delete(name);
      this.#entries.set(to + name.slice(from.length), moved);
    }
    for (const name of [...this.#directories].filter((name) => name === from || name.startsWith(`${from}/`))) {
      this.#directories.delete(name);
      this.#directories.add(to + name.slice(from.length));
    }
  }

  remove(path: string): void {
    if (!this.#entries.delete(path)) throw new FileError('ENOENT', path);
  }

  removeTree(path: string): void {
    const inside = (name: string): boolean => name === path || name.startsWith(`${path}/`);
    for (const name of [...this.#entries.keys()].filter(inside)) this.#entries.delete(name);
    for (const name of [...this.#directories].filter(inside)) this.#directories.delete(name);
  }

  /** Another disk, with nothing on it. */
  wipe(): void {
    this.#entries.clear();
    this.#durable.clear();
    this.#directories.clear();
  }

  list(path: string): string[] {
    const names = new Set<string>();
    for (const name of [...this.#entries.keys(), ...this.#directories]) {
      if (name.startsWith(`${path}/`)) names.add(name.slice(path.length + 1).split('/')[0] ?? '');
    }
    if (!this.#directories.has(path)) throw new FileError('ENOENT', path);
    return [...names].sort();
  }

  /** Copies a tree to another disk, durably. */
  copyTree(from: string, other: Files, to: string): void {
    for (const [name, inode] of [...this.#entries]) {
      if (name.startsWith(`${from}/`)) other.writeDurably(to + name.slice(from.length), inode.content);
    }
  }

  /** A power cut. What was never synced may have reached the disk all the same. */
  lose(random: Random): void {
    const left = new Map<string, Inode>();
    for (const name of new Set([...this.#entries.keys(), ...this.#durable.keys()])) {
      const [now, kept] = [this.#entries.get(name), this.#durable.get(name)];
      const inode = now === kept || random.chance(0.5) ? kept : now;
      if (!inode) continue;
      if (inode.durable !== inode.content && random.chance(0.5)) inode.content = inode.durable ?? '';
      left.set(name, inode);
    }
    for (const inode of left.values()) inode.durable = inode.content;
    this.#entries = left;
    this.#durable = new Map(left);
  }
}
