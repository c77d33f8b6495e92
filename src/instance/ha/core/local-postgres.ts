import { existsSync } from 'node:fs';
import path from 'node:path';
import { killFamily, processInfo, signal } from '../../postmaster/process.ts';
import type { HaCore } from './core.ts';

const alive = (pid: number): boolean => {
  const info = processInfo(pid);
  return info !== undefined && info.state !== 'Z';
};

/** One look serves all that is decided in one go: each is two reads of files, and ten times a second a dozen rules ask. */
const looks = new WeakMap<object, number | 'none'>();

/** The postmaster at this very moment: the view of the last turn may be a second old. */
export function runningPostmaster({ context: { supervisor }, view }: HaCore): number | undefined {
  let look = looks.get(supervisor);
  if (look === undefined) {
    const pid = supervisor.postgresPid() ?? view()?.postmaster.pid;
    look = pid !== undefined && alive(pid) ? pid : 'none';
    looks.set(supervisor, look);
    queueMicrotask(() => looks.delete(supervisor));
  }
  return look === 'none' ? undefined : look;
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
