import { type Lsn, formatLsn, parseLsn } from './lsn.ts';
import { parseWalName, segmentOf, segmentStart } from './wal-name.ts';

/** One line of a history file: `timeline` was left at `end`. */
export interface TimelineSwitch {
  readonly timeline: number;
  readonly end: Lsn;
  readonly reason: string;
}

/** A timeline and the ones it came from, oldest first (PostgreSQL: src/backend/access/transam/timeline.c). */
export interface TimelineHistory {
  readonly timeline: number;
  readonly switches: readonly TimelineSwitch[];
}

/** Timeline 1 has no history file. */
export const firstTimeline: TimelineHistory = { timeline: 1, switches: [] };

export function parseHistory(timeline: number, text: string): TimelineHistory {
  const switches: TimelineSwitch[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
    const [number = '', position = '', ...reason] = line.trim().split(/\s+/);
    if (!/^\d+$/.test(number)) throw new Error(`history of timeline ${timeline}: cannot read line "${line}"`);
    const entry = { timeline: Number(number), end: parseLsn(position), reason: reason.join(' ') };
    const previous = switches.at(-1);
    if (previous && previous.timeline >= entry.timeline) {
      throw new Error(`history of timeline ${timeline}: timeline ${entry.timeline} is not after ${previous.timeline}`);
    }
    switches.push(entry);
  }
  const last = switches.at(-1);
  if (last && last.timeline >= timeline)
    throw new Error(`history of timeline ${timeline} names timeline ${last.timeline}`);
  return { timeline, switches };
}

export const renderHistory = (history: TimelineHistory): string =>
  history.switches.map((entry) => `${entry.timeline}\t${formatLsn(entry.end)}\t${entry.reason}\n`).join('');

/** Where `timeline` ends on this history: undefined when it is not part of it, 'open' when it is the newest. */
export function timelineEnd(history: TimelineHistory, timeline: number): Lsn | 'open' | undefined {
  if (timeline === history.timeline) return 'open';
  return history.switches.find((entry) => entry.timeline === timeline)?.end;
}

/** True when a log that ends at (timeline, lsn) is a beginning of this history. */
export function isAncestor(history: TimelineHistory, timeline: number, lsn: Lsn): boolean {
  const end = timelineEnd(history, timeline);
  return end === 'open' || (end !== undefined && lsn <= end);
}

/**
 * True when all of a file's content belongs to this history. A segment in which its timeline was left is not: what follows the
 * fork was written by another life of the database, and what precedes it is also in the first segment of the next timeline.
 */
export function isFileOfHistory(history: TimelineHistory, name: string, segmentSize: number): boolean {
  const file = parseWalName(name);
  if (!file) return false;
  const end = timelineEnd(history, file.timeline);
  if (end === undefined) return false;
  if (end === 'open' || file.kind !== 'segment') return true;
  return segmentStart(segmentOf(file, segmentSize) + 1n, segmentSize) <= end;
}
