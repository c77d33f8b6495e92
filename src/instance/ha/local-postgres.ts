import { existsSync } from 'node:fs';
import path from 'node:path';
import { killFamily, processInfo, signal } from '../postmaster/process.ts';
import type { HaCore } from './core.ts';

const alive = (pid: number): boolean => {
  const info = processInfo(pid);
  return info !== undefined && info.state !== 'Z';
};

/** The postmaster at this very moment: the view of the last turn may be a second old. */
export function runningPostmaster({ context, view }: HaCore): number | undefined {
  const pid = context.supervisor.postgresPid() ?? view()?.postmaster.pid;
  return pid !== undefined && alive(pid) ? pid : undefined;
}

/** What the local postgres may do. Promotion takes standby.signal away; from the order to promote on it counts as a writer. */
export function postgresRole(core: HaCore): 'down' | 'standby' | 'primary' {
  if (runningPostmaster(core) === undefined) return 'down';
  if (core.memory.promoting && core.state.current.led !== undefined) return 'primary';
  return existsSync(path.join(core.context.environment.paths.data, 'standby.signal')) ? 'standby' : 'primary';
}

/** SIGQUIT now, SIGKILL to every process of it half a second later (rule 2). */
export function endPostgres(pid: number): void {
  signal(pid, 'SIGQUIT');
  setTimeout(() => {
    if (alive(pid)) killFamily(pid);
  }, 500);
}
