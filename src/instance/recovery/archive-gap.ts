import { parseArchiveKey, walDirectory } from '../../objectstore/layout.ts';
import type { TimelineHistory } from '../../postgres/timeline.ts';
import { parseWalName, segmentName, segmentNumber, segmentOf } from '../../postgres/wal-name.ts';
import type { Archive } from '../wal/archive-source.ts';

export interface ArchivedRange {
  /** The newest segment of the history. */
  readonly newest: string | undefined;
  /** The first name that is missing although a later one is there. */
  readonly gap: string | undefined;
}

interface Span {
  readonly timeline: number;
  /** Numbers of its segments; `last` undefined for the newest timeline. */
  readonly first: bigint;
  readonly last: bigint | undefined;
}

/** The segments of a history: one with a fork in it is whole under the name of the newer timeline only. */
function spans({ timeline, switches }: TimelineHistory, segmentSize: number): Span[] {
  const begins = [0n, ...switches.map(({ end }) => segmentNumber(end, segmentSize))];
  const timelines = [...switches.map((left) => left.timeline), timeline];
  return timelines.map((number, index) => {
    const next = begins[index + 1];
    return { timeline: number, first: begins[index] ?? 0n, last: next === undefined ? undefined : next - 1n };
  });
}

/** What the archive holds of a history from the segment with this number on. */
export async function archivedRange(
  { store, config }: Archive,
  { history, first, segmentSize }: { history: TimelineHistory; first: bigint; segmentSize: number },
  signal: AbortSignal,
): Promise<ArchivedRange> {
  const all = spans(history, segmentSize);
  const nameOf = (number: bigint): string => {
    const { timeline } = all.findLast((span) => span.first <= number) ?? history;
    return segmentName(timeline, number, segmentSize);
  };
  let expected = first;
  let newest: string | undefined;
  let gap: string | undefined;
  for (const span of all) {
    if (span.last !== undefined && (span.last < first || span.last < span.first)) continue;
    const prefix = segmentName(span.timeline, span.first, segmentSize).slice(0, 8);
    for await (const entry of store.list(`${walDirectory(config.location)}${prefix}`, { signal })) {
      const found = entry.kind === 'object' ? parseArchiveKey(config.location, entry.key) : undefined;
      const file = found?.kind === 'wal' ? parseWalName(found.name) : undefined;
      if (file?.kind !== 'segment') continue;
      const number = segmentOf(file, segmentSize);
      if (number < expected || number < span.first || (span.last !== undefined && number > span.last)) continue;
      if (number > expected) gap ??= nameOf(expected);
      newest = nameOf(number);
      expected = number + 1n;
    }
  }
  return { newest, gap };
}
