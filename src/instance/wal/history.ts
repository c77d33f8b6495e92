import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type TimelineHistory, firstTimeline, parseHistory } from '../../postgres/timeline.ts';
import { historyName } from '../../postgres/wal-name.ts';
import type { Archive } from './archive-source.ts';
import { getHistory } from './wal-objects.ts';

/** The history of a timeline from pg_wal, else from the archive; undefined when neither has it. */
export async function findHistory(
  dataDirectory: string,
  timeline: number,
  archive: () => Promise<Archive | undefined>,
  signal: AbortSignal,
): Promise<TimelineHistory | undefined> {
  if (timeline === 1) return firstTimeline;
  const name = historyName(timeline);
  const local = await readFile(path.join(dataDirectory, 'pg_wal', name), 'utf8').catch(() => undefined);
  if (local !== undefined) return parseHistory(timeline, local);
  const found = await archivedHistory(timeline, archive, signal);
  return found === undefined ? undefined : parseHistory(timeline, found);
}

/** The file's text; undefined when there is none, or no archive. */
export async function archivedHistory(
  timeline: number,
  archive: () => Promise<Archive | undefined>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const opened = await archive();
  return opened && getHistory(opened, historyName(timeline), signal);
}

/** Remembers the history of the last timeline that was asked for: a history does not change. */
export class HistoryCache {
  readonly #find: (timeline: number, signal: AbortSignal) => Promise<TimelineHistory | undefined>;
  #last: TimelineHistory | undefined;

  constructor(find: (timeline: number, signal: AbortSignal) => Promise<TimelineHistory | undefined>) {
    this.#find = find;
  }

  async get(timeline: number | undefined, signal: AbortSignal): Promise<TimelineHistory | undefined> {
    if (timeline === undefined || timeline === 0) return undefined;
    if (this.#last?.timeline !== timeline) this.#last = await this.#find(timeline, signal);
    return this.#last;
  }
}
