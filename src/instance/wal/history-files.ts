import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import type { History } from '../../../state-machines/protocol/history.ts';
import type { Position } from '../../../state-machines/protocol/types.ts';
import { parseHistory, renderHistory, type TimelineHistory } from '../../postgres/timeline.ts';
import { historyName, parseWalName } from '../../postgres/wal-name.ts';
import { readFileIfThere, replaceFile } from '../../util/files.ts';

const walDirectory = (dataDirectory: string): string => path.join(dataDirectory, 'pg_wal');
const historyFile = (dataDirectory: string, timeline: number): string =>
  path.join(walDirectory(dataDirectory), historyName(timeline));

const readyFile = (dataDirectory: string, timeline: number): string =>
  path.join(walDirectory(dataDirectory), 'archive_status', `${historyName(timeline)}.ready`);

/** The history of a timeline as pg_wal has it. */
export async function localHistory(dataDirectory: string, timeline: number): Promise<TimelineHistory> {
  if (timeline === 1) return { timeline, switches: [] };
  return parseHistory(timeline, await readFile(historyFile(dataDirectory, timeline), 'utf8'));
}

/** Why a timeline has no WAL: its epoch came to no promotion (rule 24). */
export const fillerReason = (epoch: number): string => `epoch ${epoch} not promoted`;

/** Stands in pg_wal for a number that nobody took. Also of other instances: each fills for itself. */
export function isFiller(timeline: number, text: string): boolean {
  return parseHistory(timeline, text).switches.at(-1)?.reason === fillerReason(timeline);
}

/** A history that is no filler and can be read; undefined otherwise. */
export async function realHistory(dataDirectory: string, timeline: number): Promise<string | undefined> {
  const text = await readFileIfThere(historyFile(dataDirectory, timeline));
  return text === undefined || isFiller(timeline, text) ? undefined : text;
}

/** The numbers below `epoch` for which pg_wal has no history: PostgreSQL takes the first one above its own that has none. */
export async function missingHistories(dataDirectory: string, timeline: number, epoch: number): Promise<number[]> {
  const present = new Set(await readdir(walDirectory(dataDirectory)));
  const missing: number[] = [];
  for (let number = timeline + 1; number < epoch; number++) {
    if (!present.has(historyName(number))) missing.push(number);
  }
  return missing;
}

export interface Planted {
  /** Numbers for which a real history was found, and those that were filled. */
  readonly found: readonly number[];
  readonly filled: readonly number[];
}

/**
 * Makes PostgreSQL choose `epoch` as its next timeline (rule 24): each number between gets a history, the real one where `real` has
 * it, else a filler that says where this log ends.
 */
export async function plantHistories(
  dataDirectory: string,
  { timeline, lsn }: Position,
  epoch: number,
  real: ReadonlyMap<number, string>,
): Promise<Planted> {
  const parent = await localHistory(dataDirectory, timeline);
  const [found, filled]: [number[], number[]] = [[], []];
  for (const number of await missingHistories(dataDirectory, timeline, epoch)) {
    const text = real.get(number);
    const switches = [...parent.switches, { timeline, end: lsn, reason: fillerReason(number) }];
    const content = text ?? renderHistory({ timeline: number, switches });
    await replaceFile(historyFile(dataDirectory, number), content);
    // Who restores looks for one timeline after the other and stops where there is no history.
    if (text === undefined) await replaceFile(readyFile(dataDirectory, number), '');
    (text === undefined ? filled : found).push(number);
  }
  return { found, filled };
}

export const hasHistory = async (dataDirectory: string, timeline: number): Promise<boolean> =>
  (await readFileIfThere(historyFile(dataDirectory, timeline))) !== undefined;

/** What a promotion to `epoch` that did not come to its end has left: PostgreSQL would take another number because of it. */
export async function removeTimeline(dataDirectory: string, epoch: number): Promise<void> {
  const directory = walDirectory(dataDirectory);
  for (const name of await readdir(directory)) {
    const file = parseWalName(name);
    if (file?.timeline === epoch) await rm(path.join(directory, name));
  }
  await rm(readyFile(dataDirectory, epoch), { force: true });
}

/**
 * Takes fillers above `above` away that the followed history knows nothing of: a promotion that was begun here and given up has left
 * them, and PostgreSQL would wait for their timelines for ever.
 */
export async function removeFillers(dataDirectory: string, above: number, followed: History): Promise<number[]> {
  const known = new Set([followed.timeline, ...followed.switches.map(({ timeline }) => timeline)]);
  const removed: number[] = [];
  for (const name of await readdir(walDirectory(dataDirectory))) {
    const file = parseWalName(name);
    if (file?.kind !== 'history' || file.timeline <= above || known.has(file.timeline)) continue;
    if ((await realHistory(dataDirectory, file.timeline)) !== undefined) continue;
    await rm(readyFile(dataDirectory, file.timeline), { force: true });
    await rm(historyFile(dataDirectory, file.timeline), { force: true });
    removed.push(file.timeline);
  }
  return removed;
}
