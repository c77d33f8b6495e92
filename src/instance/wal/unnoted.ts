import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { type TimelineHistory, isFileOfHistory } from '../../postgres/timeline.ts';
import { parseWalName, segmentOf, segmentStart } from '../../postgres/wal-name.ts';
import { replaceFile } from '../../util/files.ts';
import { isFull } from './segment-file.ts';

/**
 * Notes full segments as ready that PostgreSQL has not noted. A standby notes one when its last byte has come (XLogWalRcvWrite), but has
 * replayed it to its end when the record of a switch has, before the zeros after that. If the primary is lost in between, the standby is
 * promoted exactly at the end of the segment, and a promotion notes only what it leaves incomplete: PostgreSQL would come to the segment
 * when a checkpoint is about to remove it, by `wal_keep_size` later, and until then the archive has a hole.
 * `written` is the segment that the primary is writing. Returns the names that were noted.
 */
export async function noteFull(
  walDirectory: string,
  history: TimelineHistory,
  written: string,
  segmentSize: number,
): Promise<string[]> {
  const number = (name: string): bigint | undefined => {
    const file = parseWalName(name);
    return file?.kind === 'segment' ? segmentOf(file, segmentSize) : undefined;
  };
  const end = number(written);
  if (end === undefined) return [];
  // In this order: what is noted meanwhile must not be missed. Of one that is removed meanwhile PostgreSQL removes the note.
  const names = await readdir(walDirectory);
  const status = path.join(walDirectory, 'archive_status');
  const noted = new Set(await readdir(status));
  const unnoted = names.filter((name) => {
    const own = number(name);
    if (own === undefined || own >= end || !isFileOfHistory(history, name, segmentSize)) return false;
    return !noted.has(`${name}.ready`) && !noted.has(`${name}.done`);
  });
  const full: string[] = [];
  for (const name of unnoted.sort()) {
    const start = segmentStart(number(name) ?? 0n, segmentSize);
    if (!(await isFull(path.join(walDirectory, name), segmentSize, start))) continue;
    await replaceFile(path.join(status, `${name}.ready`), '');
    full.push(name);
  }
  return full;
}
