// Reads of /proc: which processes there are and to which container they belong.
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** In the environment of every process of a container: "<pod uid>/<container>/<attempt>". */
export const markerVariable = 'HOWDAH_CONTAINER_ID';

export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  readonly zombie: boolean;
  /** Clock ticks after boot. */
  readonly startTicks: string;
}

/** proc_pid_stat(5): the command name is in parentheses and may hold anything, so fields are counted from the last one. */
export function readProcess(pid: number): ProcessInfo | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    zombie: fields[0] === 'Z' || fields[0] === 'X',
    parent: Number(fields[1]),
    session: Number(fields[3]),
    startTicks: fields[19] ?? '',
  };
}

export function listProcesses(): ProcessInfo[] {
  const processes: ProcessInfo[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const info = Number.isInteger(pid) ? readProcess(pid) : undefined;
    if (info && !info.zombie) processes.push(info);
  }
  return processes;
}

/** Whether a process of this pid and start time exists and is not a zombie. */
export function isAlive(process: { readonly pid: number; readonly startTicks: string }): boolean {
  const found = readProcess(process.pid);
  return found !== undefined && !found.zombie && found.startTicks === process.startTicks;
}

export interface Identity {
  readonly marker?: string;
  /** The environment is readable but gone: the process has written a title over it. */
  readonly overwritten: boolean;
}

/** To which container a process belongs, by its environment. Of processes of other users nothing can be told, unless we are root. */
export function identify(pid: number): Identity {
  try {
    const prefix = `${markerVariable}=`;
    const entries = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
    const marker = entries.find((entry) => entry.startsWith(prefix))?.slice(prefix.length);
    if (marker !== undefined) return { marker, overwritten: false };
    return { overwritten: !entries.some((entry) => entry.startsWith('PATH=')) };
  } catch {
    return { overwritten: false };
  }
}

export function workingDirectory(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

export function children(pid: number): number[] {
  return listProcesses()
    .filter((info) => info.parent === pid)
    .map((info) => info.pid);
}

/** Sends a signal; false when there is no such process (any more). */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
