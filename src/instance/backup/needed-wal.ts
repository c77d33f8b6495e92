import { setTimeout as delay } from 'node:timers/promises';
import { parseArchiveKey, walKey } from '../../objectstore/layout.ts';
import type { ManifestWalRange } from '../../postgres/backup-manifest.ts';
import { segmentNames, segmentNumberBefore, segmentStart } from '../../postgres/wal-name.ts';
import type { Archive } from '../wal/archive-source.ts';

/** The segments without which a backup cannot be restored, oldest first. */
export function neededSegments(ranges: readonly ManifestWalRange[], segmentSize: number): string[] {
  const ordered = ranges.toSorted((a, b) => (a.start < b.start ? -1 : 1));
  return ordered.flatMap(({ timeline, start, end }, index) => {
    // Where one timeline left another, the segment with the fork is archived under the newer one's name.
    const left = index < ordered.length - 1;
    const until = left ? segmentStart(segmentNumberBefore(end + 1n, segmentSize), segmentSize) : end;
    return until > start ? segmentNames(timeline, start, until, segmentSize) : [];
  });
}

/** Those of `names` that the archive does not hold. */
export async function missingSegments(
  { store, config }: Archive,
  names: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const missing = new Set(names);
  for (const hash of new Set(names.map((name) => name.slice(0, 16)))) {
    const inside = names.filter((name) => name.startsWith(hash)).sort();
    const [first = '', last = ''] = [inside[0], inside.at(-1)];
    const directory = walKey(config.location, first, 'none').slice(0, -first.length);
    for await (const entry of store.list(`${directory}${hash}`, { signal })) {
      const file = entry.kind === 'object' ? parseArchiveKey(config.location, entry.key) : undefined;
      if (file?.kind !== 'wal') continue;
      missing.delete(file.name);
      // By the segment: `….00000028.backup.gz` comes before the `.gz` of the segment that it is about.
      if (file.name.slice(0, last.length) > last) break;
    }
  }
  return [...missing];
}

const pause = 500;

/** Resolves when the archive holds all of `names`. Throws, naming the first that is not there, after `patience` ms. */
export async function waitForSegments(
  archive: Archive,
  names: readonly string[],
  { patience, signal }: { patience: number; signal: AbortSignal },
): Promise<void> {
  const deadline = Date.now() + patience;
  let missing = await missingSegments(archive, names, signal);
  while (missing.length > 0) {
    if (Date.now() > deadline) {
      const more = missing.length > 1 ? ` and ${missing.length - 1} more` : '';
      throw new Error(`WAL that the backup needs was not archived in time: ${missing[0]}${more}`);
    }
    await delay(pause, undefined, { signal });
    missing = await missingSegments(archive, missing, signal);
  }
}
