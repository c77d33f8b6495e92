import { setTimeout as delay } from 'node:timers/promises';
import {
  identify,
  listProcesses,
  readProcess,
  signalProcess,
  workingDirectory,
  type ProcessInfo,
} from './processes.ts';

export interface TreeSelector {
  /** Pod uid, or "<uid>/<container>", or "<uid>/<container>/<attempt>": everything at or below it. */
  readonly marker: string;
  /**
   * Real paths that only this tree works in. PostgreSQL's backends are each in a session of their own and overwrite their
   * environment with a title, so an orphaned one is known by nothing but its working directory. (Somebody's shell there is not meant.)
   */
  readonly directories?: readonly string[];
  /** Left alone (the shim, which still has to write the exit code). */
  readonly except?: readonly number[];
}

const below = (name: string, top: string): boolean => name === top || name.startsWith(`${top}/`);

/** All processes of a container or pod: by marker, then everything in their sessions and everything they are the ancestors of. */
export function findTree(selector: TreeSelector): number[] {
  const all = listProcesses();
  const own = readProcess(process.pid);
  const spared = new Set([1, process.pid, ...(selector.except ?? [])]);
  const found = new Set<number>();
  const sessions = new Set<number>();
  const take = (info: ProcessInfo): void => {
    found.add(info.pid);
    if (info.session !== own?.session && info.session > 1) sessions.add(info.session);
  };
  const strangers = new Set<number>();
  for (const info of all) {
    if (spared.has(info.pid)) continue;
    const { marker, overwritten } = identify(info.pid);
    const cwd = overwritten && selector.directories?.length ? workingDirectory(info.pid) : undefined;
    if (marker !== undefined && below(marker, selector.marker)) take(info);
    else if (marker !== undefined) strangers.add(info.pid);
    else if (cwd !== undefined && selector.directories?.some((directory) => below(cwd, directory))) take(info);
  }
  for (let grown = true; grown;) {
    grown = false;
    for (const info of all) {
      if (found.has(info.pid) || strangers.has(info.pid) || spared.has(info.pid)) continue;
      if (!found.has(info.parent) && !sessions.has(info.session)) continue;
      take(info);
      grown = true;
    }
  }
  return [...found];
}

/** SIGKILL until nothing is left, since a tree may fork while it is being killed. False when something survives `seconds`. */
export async function killTree(selector: TreeSelector, seconds = 10): Promise<boolean> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const pids = findTree(selector);
    if (pids.length === 0) return true;
    for (const pid of pids) signalProcess(pid, 'SIGKILL');
    if (performance.now() > deadline) return false;
    await delay(20);
  }
}
