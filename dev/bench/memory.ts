import { readFile, readdir } from 'node:fs/promises';

/** Resident memory of each process whose command line holds all `parts`, MiB. */
export async function residentOf(...parts: string[]): Promise<number[]> {
  const found: number[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
      if (![...parts, '/node '].every((part) => command.includes(part))) continue;
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
      if (kib) found.push(Number(kib) / 1024);
    } catch (error) {
      // A process that ended while we looked.
      if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  return found;
}
