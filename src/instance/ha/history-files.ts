import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Position } from '../../../state-machines/protocol/types.ts';
import { parseHistory, renderHistory, type TimelineHistory } from '../../postgres/timeline.ts';
import { historyName } from '../../postgres/wal-name.ts';
import { replaceFile } from '../files.ts';

/** The history of a timeline as pg_wal has it. */
export async function localHistory(dataDirectory: string, timeline: number): Promise<TimelineHistory> {
  if (timeline === 1) return { timeline, switches: [] };
  const file = path.join(dataDirectory, 'pg_wal', historyName(timeline));
  return parseHistory(timeline, await readFile(file, 'utf8'));
}

/**
 * Makes PostgreSQL choose `epoch` as its next timeline: it takes the first number above its own for which there is no history file,
 * so each number between gets one, the real one or a filler (rule 24). Resolves to the numbers that were filled.
 */
export async function plantHistories(
  dataDirectory: string,
  { timeline, lsn }: Position,
  epoch: number,
): Promise<number[]> {
  const directory = path.join(dataDirectory, 'pg_wal');
  const present = new Set(await readdir(directory));
  const parent = await localHistory(dataDirectory, timeline);
  const filled: number[] = [];
  for (let number = timeline + 1; number < epoch; number++) {
    if (present.has(historyName(number))) continue;
    const switches = [...parent.switches, { timeline, end: lsn, reason: `epoch ${number} not promoted` }];
    await replaceFile(path.join(directory, historyName(number)), renderHistory({ timeline: number, switches }));
    filled.push(number);
  }
  if (present.has(historyName(epoch)))
    throw new Error(`timeline ${epoch} is there already: nobody else may have promoted in this epoch`);
  return filled;
}
