import {
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import type { User } from '../container/start.ts';

export interface ProjectedFile {
  readonly path: string;
  readonly data: Buffer;
  readonly mode: number;
}

async function sameAsBefore(directory: string, files: readonly ProjectedFile[]): Promise<boolean> {
  const current = path.join(directory, '..data');
  const names = await readdir(current, { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (names?.filter((entry) => entry.isFile()).length !== files.length) return false;
  for (const file of files) {
    const found = await readFile(path.join(current, file.path)).catch(() => undefined);
    if (!found?.equals(file.data)) return false;
  }
  return true;
}

async function writeAll(top: string, files: readonly ProjectedFile[], user: User | undefined): Promise<void> {
  if (user) await chown(top, user.uid, user.gid);
  for (const file of files) {
    const target = path.join(top, file.path);
    for (let depth = file.path.split('/').length - 1, parent = top; depth > 0; depth--) {
      parent = path.join(parent, file.path.split('/').at(-depth - 1) ?? '');
      await mkdir(parent, { recursive: true });
      if (user) await chown(parent, user.uid, user.gid);
    }
    await writeFile(target, file.data, { mode: file.mode });
    if (user) await chown(target, user.uid, user.gid);
  }
}

/**
 * Makes `directory` show exactly `files`, all at once: files are in a directory of their own, `..data` links to it, and each name links
 * into `..data`; an update swaps `..data` (as a kubelet does, and as programs that watch for it expect). True when something changed.
 */
export async function projectFiles(directory: string, files: readonly ProjectedFile[], user?: User): Promise<boolean> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  if (await sameAsBefore(directory, files)) return false;
  const before = await readlink(path.join(directory, '..data')).catch(() => undefined);
  const next = await mkdtemp(path.join(directory, `..${new Date().toISOString().replaceAll(/[:.]/g, '_')}.`));
  await writeAll(next, files, user);
  await rm(path.join(directory, '..data_tmp'), { force: true });
  await symlink(path.basename(next), path.join(directory, '..data_tmp'));
  await rename(path.join(directory, '..data_tmp'), path.join(directory, '..data'));
  const tops = new Set(files.map((file) => file.path.split('/')[0] ?? ''));
  for (const name of tops) {
    const link = path.join(directory, name);
    if (!(await lstat(link).catch(() => undefined))) await symlink(path.join('..data', name), link);
  }
  for (const name of await readdir(directory)) {
    if (!name.startsWith('..') && !tops.has(name)) await rm(path.join(directory, name), { force: true });
  }
  if (before !== undefined) await rm(path.join(directory, before), { recursive: true, force: true });
  return true;
}
