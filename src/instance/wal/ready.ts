import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { parseWalName } from '../../postgres/wal-name.ts';

const suffix = '.ready';

export async function historyFiles(walDirectory: string): Promise<string[]> {
  const names = await readdir(walDirectory);
  return names.filter((name) => parseWalName(name)?.kind === 'history').sort();
}

/** What PostgreSQL wants archived, in its own order: history files first, then by age (pgarch.c). */
export async function readyFiles(walDirectory: string): Promise<string[]> {
  const names = await readdir(path.join(walDirectory, 'archive_status')).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const isHistory = (name: string): boolean => parseWalName(name)?.kind === 'history';
  return names
    .filter((name) => name.endsWith(suffix))
    .map((name) => name.slice(0, -suffix.length))
    .filter((name) => parseWalName(name) !== undefined)
    .sort((a, b) => Number(isHistory(b)) - Number(isHistory(a)) || (a < b ? -1 : 1));
}
