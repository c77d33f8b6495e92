import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  /** Letter of /proc/PID/stat: R, S, D, Z, T… */
  readonly state: string;
  readonly name: string;
}

/** A process, or undefined when there is none of this id. */
export function processInfo(pid: number): ProcessInfo | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const open = text.indexOf('(');
    const close = text.lastIndexOf(')');
    const [state = '', parent = '0'] = text.slice(close + 2).split(' ');
    return { pid, parent: Number(parent), state, name: text.slice(open + 1, close) };
  } catch {
    return undefined;
  }
}

const processIds = (): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid));

const workingDirectory = (pid: number): string | undefined => {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
};

/** A live postgres whose working directory is this one: process ids are used again, and quickly so in containers. */
export function isPostmasterOf(pid: number, realDataDirectory: string): boolean {
  const info = processInfo(pid);
  if (!info || info.state === 'Z' || !info.name.startsWith('postgres')) return false;
  return workingDirectory(pid) === realDataDirectory;
}

/** Every live process of a data directory: a postmaster and its children, or the children that one left behind. */
export const processesOf = (realDataDirectory: string): number[] =>
  processIds().filter((pid) => isPostmasterOf(pid, realDataDirectory));

/** Whether a program was started for a directory: `postgres -D DIR`, `initdb --pgdata=DIR`, `pg_rewind --target-pgdata=DIR`. */
function isStartedFor(pid: number, dataDirectory: string): boolean {
  try {
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return args.some((arg) => arg === dataDirectory || arg.endsWith(`=${dataDirectory}`));
  } catch {
    return false;
  }
}

function childrenOf(pid: number): number[] {
  return processIds().filter((candidate) => processInfo(candidate)?.parent === pid);
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** SIGKILL to a postmaster and its children. Stopped first, so that it starts no more while they are listed. */
export function killFamily(postmaster: number): void {
  signal(postmaster, 'SIGSTOP');
  for (const child of childrenOf(postmaster)) signal(child, 'SIGKILL');
  signal(postmaster, 'SIGKILL');
}

const endProgramsMs = 2000;

/**
 * Ends every program that works on a data directory, with its children: what a manager that was killed had started goes on without
 * it, and the next attempt's files would be changed, or removed, behind its back.
 */
export async function endProgramsOf(dataDirectory: string): Promise<void> {
  const realDataDirectory = await realpath(dataDirectory).catch(() => dataDirectory);
  const deadline = performance.now() + endProgramsMs;
  const left = (): number[] =>
    processIds().filter(
      (pid) =>
        isPostmasterOf(pid, realDataDirectory) ||
        (isStartedFor(pid, dataDirectory) && (processInfo(pid)?.state ?? 'Z') !== 'Z'),
    );
  for (let pids = left(); pids.length > 0; pids = left()) {
    for (const pid of pids) killFamily(pid);
    // One that hangs in the kernel is for PostgreSQL to refuse.
    if (performance.now() > deadline) return;
    await delay(5);
  }
}
