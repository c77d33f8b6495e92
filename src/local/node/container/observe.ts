import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { identify, isAlive, readProcess } from './processes.ts';

export interface ExitFile {
  readonly code: number;
  readonly finishedAt: string;
}

/** What the shim wrote, or undefined while it has not. */
export async function readExit(directory: string): Promise<ExitFile | undefined> {
  const file = path.join(directory, 'exit');
  try {
    const [text, { mtime }] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
    return { code: Number(text.trim()), finishedAt: mtime.toISOString() };
  } catch {
    return undefined;
  }
}

async function readPid(directory: string, name: string): Promise<number | undefined> {
  const text = await readFile(path.join(directory, name), 'utf8').catch(() => '');
  const pid = Number(text.trim());
  return pid > 1 ? pid : undefined;
}

/** The shim of a run whose start was not recorded, found by its own note; the marker proves that the pid is not somebody else's. */
export async function findShim(
  directory: string,
  marker: string,
): Promise<{ pid: number; startTicks: string } | undefined> {
  const pid = await readPid(directory, 'shim');
  const info = pid !== undefined && identify(pid).marker === marker ? readProcess(pid) : undefined;
  return info && { pid: info.pid, startTicks: info.startTicks };
}

/** Process 1 of the container, so to say: the one that is asked to end. */
export async function mainProcess(
  directory: string,
  shim: { readonly pid: number; readonly startTicks: string },
): Promise<number | undefined> {
  const pid = await readPid(directory, 'main');
  if (pid === undefined || !isAlive(shim)) return undefined;
  return readProcess(pid)?.parent === shim.pid ? pid : undefined;
}
