import { parseArchiveKey, walDirectory } from '../../objectstore/layout.ts';
import { type TimelineHistory, firstTimeline, parseHistory } from '../../postgres/timeline.ts';
import { historyName } from '../../postgres/wal-name.ts';
import type { Archive } from './archive-source.ts';
import { getHistory } from './wal-objects.ts';

/** The history of a timeline as the archive has it. */
export async function readHistory(
  origin: Archive,
  timeline: number,
  signal: AbortSignal,
): Promise<TimelineHistory | undefined> {
  if (timeline === 1) return firstTimeline;
  const found = await getHistory(origin, historyName(timeline), signal);
  return found === undefined ? undefined : parseHistory(timeline, found);
}

/** The timelines that the archive has histories of, newest first; the first one, which has none, is the last. */
export async function timelines({ store, config }: Archive, signal: AbortSignal): Promise<number[]> {
  const found = new Set([1]);
  const directory = walDirectory(config.location);
  for await (const entry of store.list(directory, { delimiter: '/', signal })) {
    const file = entry.kind === 'object' ? parseArchiveKey(config.location, entry.key) : undefined;
    if (file?.kind === 'wal' && file.file.kind === 'history') found.add(file.file.timeline);
  }
  return [...found].sort((a, b) => b - a);
}

/** The timelines that the archive has segments of. */
export async function timelinesOfSegments({ store, config }: Archive, signal: AbortSignal): Promise<Set<number>> {
  const found = new Set<number>();
  const directory = walDirectory(config.location);
  for await (const entry of store.list(directory, { delimiter: '/', signal })) {
    const name =
      entry.kind === 'prefix' ? /^([0-9A-F]{8})[0-9A-F]{8}\/$/.exec(entry.prefix.slice(directory.length)) : null;
    if (name) found.add(Number.parseInt(name[1] ?? '', 16));
  }
  return found;
}

/** Of the timelines later than `timeline`, newest first. */
export async function* laterHistories(
  origin: Archive,
  timeline: number,
  signal: AbortSignal,
): AsyncIterable<TimelineHistory> {
  for (const later of await timelines(origin, signal)) {
    if (later <= timeline) return;
    const history = await readHistory(origin, later, signal);
    if (history) yield history;
  }
}
