import { stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * What is wrong, when a data directory has lost its WAL: pg_wal leads to another volume than the one that it was written to, which is
 * empty. Without its WAL the directory is lost (docs/ha-protocol.md §2). One that cannot be looked at for another reason is left alone.
 */
export async function lostWal(dataDirectory: string): Promise<string | undefined> {
  const wal = path.join(dataDirectory, 'pg_wal');
  try {
    await stat(wal);
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return undefined;
    return `${wal} leads nowhere: the volume of the WAL was lost, and the data directory is of no use without it`;
  }
}
