// node:fs/promises for the simulated machines: their paths begin with /sim/ or /proc/; all others are the real ones.
import * as real from 'node:fs/promises';
import { theWorld } from '../stage.ts';
import { FileError, type Files } from '../files.ts';
import { isSimulated, look } from './proc.ts';

export * from 'node:fs/promises';

const text = (content: unknown): string =>
  typeof content === 'string' ? content : Buffer.from(content as Uint8Array).toString();
const bytes = (content: unknown): Buffer => Buffer.from(content as Uint8Array | string);

async function written(files: Files): Promise<Files> {
  if (theWorld().machineOf(files).diskBroken) await theWorld().never();
  return files;
}

class Handle {
  readonly #path: string;
  constructor(path: string) {
    this.#path = path;
  }

  async writeFile(content: string | Uint8Array): Promise<void> {
    (await written(theWorld().files(this.#path))).write(this.#path, content);
  }

  async write(content: string | Uint8Array): Promise<void> {
    await this.writeFile(content);
  }

  async readFile(): Promise<Buffer> {
    return bytes(theWorld().files(this.#path).read(this.#path));
  }

  async sync(): Promise<void> {
    const files = await written(theWorld().files(this.#path));
    await theWorld().wait(theWorld().machineOf(files).syncTime());
    files.sync(this.#path);
  }

  datasync = (): Promise<void> => this.sync();

  stat = (): Promise<object> => stat(this.#path);

  async close(): Promise<void> {
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** Flags as text or bits: whether the file is made when it is not there, and emptied when it is. */
function meaning(flags: string | number): { readonly creates: boolean; readonly empties: boolean } {
  if (typeof flags === 'string') return { creates: /^[wa]/.test(flags), empties: flags.startsWith('w') };
  const has = (bits: number): boolean => (flags & bits) !== 0;
  return { creates: has(real.constants.O_CREAT), empties: has(real.constants.O_TRUNC) };
}

export async function open(path: string, flags: string | number = 'r', mode?: number): Promise<unknown> {
  if (!isSimulated(path)) return real.open(path, flags, mode);
  const files = theWorld().files(path);
  const { creates, empties } = meaning(flags);
  if (!creates && !files.has(path)) throw new FileError('ENOENT', path);
  if (empties || !files.has(path)) files.write(path, '');
  return new Handle(path);
}

export async function readFile(path: string, options?: unknown): Promise<unknown> {
  if (!isSimulated(path)) return real.readFile(path, options as 'utf8');
  const content = look(path);
  return options === undefined ? bytes(content) : text(content);
}

export async function writeFile(path: string, content: string): Promise<void> {
  if (!isSimulated(path)) return real.writeFile(path, content);
  (await written(theWorld().files(path))).write(path, content);
}

export async function rename(from: string, to: string): Promise<void> {
  if (!isSimulated(from)) return real.rename(from, to);
  theWorld().files(from).rename(from, to);
}

export async function rm(path: string, options: { force?: boolean; recursive?: boolean } = {}): Promise<void> {
  if (!isSimulated(path)) return real.rm(path, options);
  const files = theWorld().files(path);
  if (!files.has(path) && options.force !== true) throw new FileError('ENOENT', path);
  files.removeTree(path);
}

export async function unlink(path: string): Promise<void> {
  if (!isSimulated(path)) return real.unlink(path);
  theWorld().files(path).remove(path);
}

export async function mkdir(path: string, options?: { recursive?: boolean }): Promise<string | undefined> {
  if (!isSimulated(path)) return real.mkdir(path, options);
  theWorld().files(path).mkdir(path);
  return undefined;
}

export async function readdir(path: string): Promise<string[]> {
  if (!isSimulated(path)) return real.readdir(path);
  return theWorld().files(path).list(path);
}

export async function stat(path: string): Promise<object> {
  if (!isSimulated(path)) return real.stat(path);
  const files = theWorld().files(path);
  const directory = files.isDirectory(path);
  return { mtimeMs: files.modified(path), size: 1, isDirectory: () => directory, isFile: () => !directory };
}

export const lstat = stat;

export async function access(path: string): Promise<void> {
  if (!isSimulated(path)) return real.access(path);
  if (!theWorld().files(path).has(path)) throw new FileError('ENOENT', path);
}

export const realpath = async (path: string): Promise<string> => (isSimulated(path) ? path : real.realpath(path));
export const chmod = async (path: string, mode: number): Promise<void> =>
  isSimulated(path) ? undefined : real.chmod(path, mode);

const roomy = { bsize: 4096, blocks: 1 << 20, bfree: 1 << 19, bavail: 1 << 19 };
export const statfs = async (path: string): Promise<object> => (isSimulated(path) ? roomy : real.statfs(path));

/** What nobody has needed yet: simulated machines must not touch the real disk. */
const missing =
  (name: string) =>
  async (path: string): Promise<never> => {
    throw new FileError(`the simulated disk has no ${name}`, path);
  };
export const appendFile = missing('appendFile');
export const copyFile = missing('copyFile');
export const cp = missing('cp');
export const link = missing('link');
export const symlink = missing('symlink');
export const opendir = missing('opendir');
export const truncate = missing('truncate');
export const utimes = missing('utimes');
export const readlink = missing('readlink');
export const rmdir = missing('rmdir');
export const chown = missing('chown');
