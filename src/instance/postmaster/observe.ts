import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseControlData, type ControlData } from '../../postgres/control-data.ts';
import { readFileIfThere } from '../../util/files.ts';
import { isPostmasterOf } from './process.ts';

export type PostmasterState = 'down' | 'starting' | 'up' | 'stopping';

export interface PostmasterObservation {
  readonly state: PostmasterState;
  readonly pid: number | undefined;
  /** Milliseconds since 1970, in whole seconds rounded up. */
  readonly startedBy?: number;
}

const statusOf: Readonly<Record<string, PostmasterState>> = {
  starting: 'starting',
  // Recovery has begun, connections are not accepted yet.
  standby: 'starting',
  ready: 'up',
  stopping: 'stopping',
};

/** From postmaster.pid: line 1 the process, line 3 when it started, line 8 what it is doing (src/include/utils/pidfile.h). */
export async function observePostmaster(dataDirectory: string): Promise<PostmasterObservation> {
  const text = await readFileIfThere(path.join(dataDirectory, 'postmaster.pid')).catch(() => undefined);
  if (text === undefined) return { state: 'down', pid: undefined };
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !isPostmasterOf(pid, await realpath(dataDirectory))) {
    return { state: 'down', pid: undefined };
  }
  const startedBy = (Number(lines[2]) + 1) * 1000;
  return { state: statusOf[(lines[7] ?? '').trim()] ?? 'starting', pid, startedBy };
}

export type DataDirectory =
  | { readonly state: 'absent' }
  | { readonly state: 'unusable'; readonly problem: string }
  | { readonly state: 'valid'; readonly major: number; readonly control: ControlData; readonly standby: boolean };

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

/** What lies in PGDATA. Never throws: a disk that cannot be read is a problem to report. */
export async function observeDataDirectory(dataDirectory: string): Promise<DataDirectory> {
  try {
    const version = await readFileIfThere(path.join(dataDirectory, 'PG_VERSION'));
    if (version === undefined) {
      const names = await readdir(dataDirectory).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return [];
        throw error;
      });
      if (names.length === 0) return { state: 'absent' };
      return { state: 'unusable', problem: `${dataDirectory} is not empty and has no PG_VERSION` };
    }
    const control = parseControlData(await readFile(path.join(dataDirectory, 'global/pg_control')));
    const standby = await exists(path.join(dataDirectory, 'standby.signal'));
    return { state: 'valid', major: Number(version.trim()), control, standby };
  } catch (error) {
    return {
      state: 'unusable',
      problem: `${dataDirectory}: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}
