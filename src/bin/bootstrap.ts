import { copyFile, link, mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/** Files are linked where both places are on one file system (the embedded engine), else copied. */
async function place(source: string, target: string): Promise<void> {
  await link(source, target).catch(() => copyFile(source, target));
}

async function copyTree(source: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const [from, to] = [path.join(source, entry.name), path.join(target, entry.name)];
    await (entry.isDirectory() ? copyTree(from, to) : place(from, to));
  }
}

/** `howdah bootstrap DIR` copies the program to DIR, whole or not at all; a second run replaces it. */
export async function main(args: string[]): Promise<number> {
  const [target] = args;
  if (target === undefined || args.length !== 1) {
    process.stderr.write('usage: howdah bootstrap DIRECTORY\n');
    return 2;
  }
  const source = path.dirname(import.meta.dirname);
  const staging = `${target}.new`;
  await rm(staging, { recursive: true, force: true });
  await copyTree(source, staging);
  await rm(target, { recursive: true, force: true });
  await rename(staging, target);
  return 0;
}
