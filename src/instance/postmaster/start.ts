import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { InstancePaths } from '../../paths.ts';
import { prepareTablespaces } from './tablespaces.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import { endProgramsOf, processInfo } from './process.ts';

/** One that was started a moment ago: it has not written postmaster.pid yet, or not when it was looked for. */
function isUnderWay(supervisor: Supervisor): boolean {
  const own = supervisor.postgresPid();
  return own !== undefined && (processInfo(own)?.state ?? 'Z') !== 'Z';
}

/**
 * Files that say "I run" of a postgres that does not. PostgreSQL removes them itself unless their process id is alive, and in a
 * container ids are few and soon used again. Never while a postgres is under way: one that misses its postmaster.pid, for which it
 * looks once a minute, shuts down at once.
 */
async function removeStaleLocks(paths: InstancePaths): Promise<void> {
  await rm(path.join(paths.data, 'postmaster.pid'), { force: true });
  for (const name of await readdir(paths.sockets)) {
    if (name.startsWith('.s.PGSQL.')) await rm(path.join(paths.sockets, name), { force: true });
  }
}

/**
 * What a postmaster or a manager that was killed has left. A new server refuses to start while a process of the old one is attached to
 * its shared memory, and they notice the death each in its own time: on a busy machine the first start failed, and its pause was an outage.
 */
async function clean(paths: InstancePaths): Promise<void> {
  await endProgramsOf(paths.data);
  await removeStaleLocks(paths);
  await prepareTablespaces(paths.data, paths.tablespaces);
}

/** Asks the supervisor to start postgres, if it still may; whether it came up is seen by observing. */
export async function startPostgres(
  paths: InstancePaths,
  program: string,
  supervisor: Supervisor,
  may: () => boolean,
): Promise<void> {
  for (const directory of [paths.sockets, paths.logs, paths.temporary]) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  }
  // It may be obeyed while we clean; whoever gave it has cleaned before. It is given again, for it may have died before it said so.
  if (!supervisor.isStartPending()) {
    if (isUnderWay(supervisor)) return;
    await clean(paths);
  }
  if (may()) supervisor.start([program, '-D', paths.data]);
}
