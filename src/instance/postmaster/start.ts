import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { InstancePaths } from '../../paths.ts';
import { prepareTablespaces } from './tablespaces.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import { endProgramsOf, processInfo } from './process.ts';

/**
 * Ends what a postmaster or a manager that was killed has left. A new server refuses to start while a process of the old one is
 * attached to its shared memory, and they notice the death each in its own time: on a busy machine the first start failed, and its
 * pause was an outage.
 */
async function endOrphans(dataDirectory: string, supervisor: Supervisor): Promise<void> {
  const own = supervisor.postgresPid();
  // One that was started a moment ago and has not written postmaster.pid yet.
  if (own !== undefined && (processInfo(own)?.state ?? 'Z') !== 'Z') return;
  await endProgramsOf(dataDirectory);
}

/**
 * Files that say "I run" of a postgres that does not. PostgreSQL removes them itself unless their process id is alive, and in a
 * container ids are few and soon used again. Only called once postmaster.pid was found to name no postmaster of this directory.
 */
async function removeStaleLocks(paths: InstancePaths): Promise<void> {
  await rm(path.join(paths.data, 'postmaster.pid'), { force: true });
  for (const name of await readdir(paths.sockets)) {
    if (name.startsWith('.s.PGSQL.')) await rm(path.join(paths.sockets, name), { force: true });
  }
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
  await endOrphans(paths.data, supervisor);
  await removeStaleLocks(paths);
  await prepareTablespaces(paths.data, paths.tablespaces);
  if (may()) supervisor.start([program, '-D', paths.data]);
}
