import { setTimeout as delay } from 'node:timers/promises';
import { parseArchiveKey, walKey } from '../../objectstore/layout.ts';
import type { ManifestWalRange } from '../../postgres/backup-manifest.ts';
import type { Lsn } from '../../postgres/lsn.ts';
import { timelineEnd } from '../../postgres/timeline.ts';
import {
  parseWalName,
  segmentName,
  segmentNames,
  segmentNumber,
  segmentNumberBefore,
  segmentOf,
  segmentStart,
} from '../../postgres/wal-name.ts';
import type { Archive } from '../wal/archive-source.ts';
import { laterHistories } from '../wal/archived-timelines.ts';

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

/** What a backup needs: its segments, and where it ends in the last of them. */
export interface NeededWal {
  readonly names: readonly string[];
  readonly end: Lsn;
  readonly segmentSize: number;
}

/**
 * Whether the archive has the last segment in that of a later timeline. Where the primary was lost within it, after the backup's end, nobody
 * completes it under its own name: what had been written is the beginning of the segment in which the successor goes on.
 */
async function goesOnLater(archive: Archive, { names, end, segmentSize }: NeededWal, signal: AbortSignal) {
  const last = parseWalName(names.at(-1) ?? '');
  if (last?.kind !== 'segment') return false;
  const number = segmentOf(last, segmentSize);
  for await (const history of laterHistories(archive, last.timeline, signal)) {
    const left = timelineEnd(history, last.timeline);
    if (typeof left !== 'bigint' || left < end || segmentNumber(left, segmentSize) !== number) continue;
    const next = history.switches.find((one) => segmentNumber(one.end, segmentSize) > number);
    const name = segmentName(next?.timeline ?? history.timeline, number, segmentSize);
    if ((await missingSegments(archive, [name], signal)).length === 0) return true;
  }
  return false;
}

const pause = 500;

/** Resolves when the archive holds all of `needed`. Throws, naming the first that is not there, after `patience` ms. */
export async function waitForSegments(
  archive: Archive,
  needed: NeededWal,
  { patience, signal }: { patience: number; signal: AbortSignal },
): Promise<void> {
  const deadline = Date.now() + patience;
  let missing = await missingSegments(archive, needed.names, signal);
  while (missing.length > 0) {
    if (missing.length === 1 && missing[0] === needed.names.at(-1) && (await goesOnLater(archive, needed, signal)))
      return;
    if (Date.now() > deadline) {
      const more = missing.length > 1 ? ` and ${missing.length - 1} more` : '';
      throw new Error(`WAL that the backup needs was not archived in time: ${missing[0]}${more}`);
    }
    await delay(pause, undefined, { signal });
    missing = await missingSegments(archive, missing, signal);
  }
}
