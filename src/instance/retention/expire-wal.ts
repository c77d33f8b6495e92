import { parseArchiveKey, walDirectory } from '../../objectstore/layout.ts';
import { isExpired } from '../../objectstore/retention/plan.ts';
import type { Lsn } from '../../postgres/lsn.ts';
import type { Archive } from '../wal/archive-source.ts';

const batch = 200;

/** Removes the archived WAL that lies before a position. Resolves to the number of files. */
export async function expireWal(
  { store, config }: Archive,
  before: Lsn,
  segmentSize: number,
  signal: AbortSignal,
): Promise<number> {
  const directory = walDirectory(config.location);
  let removed = 0;
  let keys: string[] = [];
  const flush = async (): Promise<void> => {
    if (keys.length > 0) await store.delete(keys, { signal });
    removed += keys.length;
    keys = [];
  };
  // Keys of a timeline come in the order of WAL: from the first that stays on, all others of it do.
  let startAfter: string | undefined = '';
  while (startAfter !== undefined) {
    const options: { startAfter?: string } = startAfter === '' ? {} : { startAfter };
    startAfter = undefined;
    for await (const entry of store.list(directory, { ...options, signal })) {
      const file = entry.kind === 'object' ? parseArchiveKey(config.location, entry.key) : undefined;
      if (file?.kind !== 'wal' || file.file.kind === 'history') continue;
      if (isExpired(file.file, before, segmentSize)) keys.push(entry.kind === 'object' ? entry.key : '');
      else {
        startAfter = `${directory}${file.name.slice(0, 8)}~`;
        break;
      }
      if (keys.length >= batch) await flush();
    }
  }
  await flush();
  return removed;
}
