import { realpath, statfs } from 'node:fs/promises';
import path from 'node:path';

/** Too little room on the volume of the WAL, in bytes. */
export interface DiskShortage {
  readonly directory: string;
  readonly free: number;
  readonly needed: number;
}

/**
 * Whether PostgreSQL would find room for its next WAL segment. Without it recovery ends in a PANIC at every start, so it is not started
 * until there is some. Undefined: there is enough, or nobody can tell.
 */
export async function diskShortage(dataDirectory: string, segmentBytes: number): Promise<DiskShortage | undefined> {
  try {
    const directory = await realpath(path.join(dataDirectory, 'pg_wal'));
    const { bavail, bsize } = await statfs(directory);
    const free = bavail * bsize;
    return free < segmentBytes ? { directory, free, needed: segmentBytes } : undefined;
  } catch {
    return undefined;
  }
}

export const describeShortage = ({ directory, free, needed }: DiskShortage): string =>
  `not enough disk space for WAL in ${directory}: ${free} bytes free, a segment takes ${needed}`;
