import { readFile, readdir, readlink, realpath } from 'node:fs/promises';
import path from 'node:path';
import { type LocalConfig, places } from './config.ts';
import { type ProcessId, endProcess, startTime } from './processes.ts';

const within = (directory: string, file: string): boolean =>
  file === directory || file.startsWith(`${directory}${path.sep}`);

/** Processes of containers: their HOWDAH_ROOT is ours, or (PostgreSQL overwrites its environment) they work in a volume. */
export async function leftovers(config: LocalConfig): Promise<ProcessId[]> {
  const volumes = await realpath(places(config).nodes).catch(() => places(config).nodes);
  const found: ProcessId[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
    const root = environment
      .split('\0')
      .find((it) => it.startsWith('HOWDAH_ROOT='))
      ?.slice('HOWDAH_ROOT='.length);
    const cwd = await readlink(`/proc/${name}/cwd`).catch(() => '');
    if (!(root !== undefined && within(config.shortDir, root)) && !within(volumes, cwd)) continue;
    const start = await startTime(Number(name));
    if (start !== undefined) found.push({ pid: Number(name), start });
  }
  return found;
}

/** Ends containers that no node has ended: by SIGINT (PostgreSQL's fast shutdown), then SIGKILL. */
export async function sweep(config: LocalConfig): Promise<void> {
  const found = await leftovers(config);
  await Promise.all(found.map((it) => endProcess(it, 'SIGINT', 5_000)));
}
