import { mkdir, readdir, realpath, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { InstancePaths } from '../../paths.ts';
import { prepareTablespaces } from '../tablespaces/place.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import { processesOf, processInfo, signal } from './process.ts';

const orphansMs = 2000;

/**
 * Ends what a postmaster that was killed has left. A new one refuses to start while one of them is attached to the shared memory of
 * before, and they notice the death each in its own time: on a busy machine the first start failed, and its pause was an outage.
 */
async function endOrphans(dataDirectory: string, supervisor: Supervisor): Promise<void> {
  const own = supervisor.postgresPid();
  // One that was started a moment ago and has not written postmaster.pid yet.
  if (own !== undefined && (processInfo(own)?.state ?? 'Z') !== 'Z') return;
  const directory = await realpath(dataDirectory);
  const deadline = performance.now() + orphansMs;
  for (let left = processesOf(directory); left.length > 0; left = processesOf(directory)) {
    for (const pid of left) signal(pid, 'SIGKILL');
    // One that hangs in the kernel is for PostgreSQL to refuse.
    if (performance.now() > deadline) return;
    await delay(5);
  }
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
