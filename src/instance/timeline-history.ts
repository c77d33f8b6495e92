import path from 'node:path';
import { firstTimeline, parseHistory, type TimelineHistory } from '../postgres/timeline.ts';
import { readFileIfThere } from './files.ts';

/** From pg_wal; a timeline that was begun by initdb or whose history file is missing has no known past. */
export async function readTimelineHistory(dataDirectory: string, timeline: number): Promise<TimelineHistory | undefined> {
  if (timeline === 1) return firstTimeline;
  const name = `${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`;
  const text = await readFileIfThere(path.join(dataDirectory, 'pg_wal', name));
  return text === undefined ? undefined : parseHistory(timeline, text);
}
