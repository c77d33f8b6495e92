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
  const [histories, others]: [string[], string[]] = [[], []];
  for (const name of names) {
    const file = name.endsWith(suffix) ? name.slice(0, -suffix.length) : '';
    const kind = parseWalName(file)?.kind;
    if (kind !== undefined) (kind === 'history' ? histories : others).push(file);
  }
  return [...histories.sort(), ...others.sort()];
}
