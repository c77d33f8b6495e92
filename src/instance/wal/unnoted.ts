import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { type TimelineHistory, isFileOfHistory } from '../../postgres/timeline.ts';
import { parseWalName, segmentOf, segmentStart } from '../../postgres/wal-name.ts';
import { replaceFile } from '../../util/files.ts';
import { isFull } from './segment-file.ts';

/** A write within a tick of the clock of files leaves the time as it is: what is younger than this may change unseen. */
const settledMs = 1000;

/** Segments before the one that is written, with their numbers. */
async function findUnnoted(
  walDirectory: string,
  history: TimelineHistory,
  written: string,
  segmentSize: number,
): Promise<[string, bigint][]> {
  const number = (name: string): bigint | undefined => {
    const file = parseWalName(name);
    return file?.kind === 'segment' ? segmentOf(file, segmentSize) : undefined;
  };
  const end = number(written);
  if (end === undefined) return [];
  // In this order: what is noted meanwhile must not be missed. Of one that is removed meanwhile PostgreSQL removes the note.
  const names = (await readdir(walDirectory)).sort();
  const noted = new Set(await readdir(path.join(walDirectory, 'archive_status')));
  return names.flatMap((name): [string, bigint][] => {
    const own = number(name);
    if (own === undefined || own >= end || !isFileOfHistory(history, name, segmentSize)) return [];
    return noted.has(`${name}.ready`) || noted.has(`${name}.done`) ? [] : [[name, own]];
  });
}

interface Seen {
  readonly identity: string;
  readonly full: boolean;
  /** What is written from now on changes its identity. */
  readonly settled: boolean;
}

/** `incomplete` is what it was when it was not full. Undefined: PostgreSQL has made it a later segment, or removed it, since it was listed. */
async function look(
  file: string,
  incomplete: string | undefined,
  isFullNow: () => Promise<boolean>,
): Promise<Seen | undefined> {
  try {
    // Before it is read: what is written meanwhile changes it.
    const { ino, size, mtimeMs } = await stat(file);
    const identity = `${ino}:${size}:${mtimeMs}`;
    if (identity === incomplete) return { identity, full: false, settled: true };
    return { identity, full: await isFullNow(), settled: Date.now() - mtimeMs > settledMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Notes full segments as ready that PostgreSQL has not noted. A standby notes one when its last byte has come (XLogWalRcvWrite), but has
 * replayed it to its end when the record of a switch has, before the zeros after that. If the primary is lost in between, the standby is
 * promoted exactly at the end of the segment, and a promotion notes only what it leaves incomplete: PostgreSQL would come to the segment
 * when a checkpoint is about to remove it, by `wal_keep_size` later, and until then the archive has a hole.
 */
export class UnnotedSegments {
  /** Not full when they were read; what a timeline left incomplete stays so, and is not read each time. */
  #incomplete = new Map<string, string>();

  /** `written` is the segment that the primary is writing. Returns the names that were noted. */
  async note(walDirectory: string, history: TimelineHistory, written: string, segmentSize: number): Promise<string[]> {
    const unnoted = await findUnnoted(walDirectory, history, written, segmentSize);
    const incomplete = new Map<string, string>();
    const full: string[] = [];
    for (const [name, number] of unnoted) {
      const file = path.join(walDirectory, name);
      const seen = await look(file, this.#incomplete.get(name), () =>
        isFull(file, segmentSize, segmentStart(number, segmentSize)),
      );
      if (seen?.full) {
        await replaceFile(path.join(walDirectory, 'archive_status', `${name}.ready`), '');
        full.push(name);
      } else if (seen?.settled) incomplete.set(name, seen.identity);
    }
    this.#incomplete = incomplete;
    return full;
  }
}
