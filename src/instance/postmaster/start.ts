import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { InstancePaths } from '../../paths.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';

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
  await removeStaleLocks(paths);
  if (may()) supervisor.start([program, '-D', paths.data]);
}
