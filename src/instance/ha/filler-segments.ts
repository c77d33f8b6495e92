import { constants, copyFile, open, readdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TimelineHistory } from '../../postgres/timeline.ts';
import { segmentName, segmentNumber } from '../../postgres/wal-name.ts';
import { fillerReason } from '../wal/history-files.ts';

/**
 * A standby that ended on the timeline before a filler is sent the segment in which that timeline ends, and PostgreSQL reads it from the
 * file of the timeline that its history names next (WalSndSegmentOpen), which for a filler does not exist: "requested WAL segment has
 * already been removed", for ever. So a filler that has got into a history has this one file, with what the next real timeline has.
 * PostgreSQL sends of it only what is before the switch. Returns the names of those that were made.
 */
export async function plantSegments(
  walDirectory: string,
  { timeline, switches }: TimelineHistory,
  segmentSize: number,
): Promise<string[]> {
  const present = new Set(await readdir(walDirectory));
  const made: string[] = [];
  const numbers = [...switches.map((left) => left.timeline), timeline];
  const isFiller = (index: number): boolean => switches[index - 1]?.reason === fillerReason(numbers[index] ?? 0);
  for (const [index, number] of numbers.entries()) {
    const begin = switches[index - 1]?.end;
    const next = numbers.find((_, later) => later > index && !isFiller(later));
    if (begin === undefined || next === undefined || !isFiller(index)) continue;
    const segment = segmentNumber(begin, segmentSize);
    const [name, source] = [segmentName(number, segment, segmentSize), segmentName(next, segment, segmentSize)];
    if (present.has(name) || !present.has(source)) continue;
    await copySegment(walDirectory, source, name);
    made.push(name);
  }
  return made;
}

/** A copy, and no link: PostgreSQL would recycle the one file under two names. It is none for the archive. */
async function copySegment(walDirectory: string, source: string, name: string): Promise<void> {
  const staging = path.join(walDirectory, `${name}.new`);
  await copyFile(path.join(walDirectory, source), staging, constants.COPYFILE_FICLONE);
  const handle = await open(staging, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await writeFile(path.join(walDirectory, 'archive_status', `${name}.done`), '', { mode: 0o600 });
  await rename(staging, path.join(walDirectory, name));
}
