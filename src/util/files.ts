import { open, readFile, rename, rm, unlink } from 'node:fs/promises';
import path from 'node:path';

/** What was renamed, made or removed in it stays so when the power fails. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces a file as a whole, durably; nobody ever sees half of it. Resolves to false when it had this content already. */
export async function replaceFile(file: string, content: string, mode = 0o600): Promise<boolean> {
  const present = await readFile(file, 'utf8').catch(() => undefined);
  if (present === content) return false;
  const staging = `${file}.new`;
  await rm(staging, { force: true });
  const handle = await open(staging, 'w', mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(staging, file);
  await syncDirectory(path.dirname(file));
  return true;
}

export async function readFileIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Resolves to false when there was nothing to remove. */
export async function removeFile(file: string): Promise<boolean> {
  try {
    await unlink(file);
    await syncDirectory(path.dirname(file));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
