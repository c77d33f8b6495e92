import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

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
