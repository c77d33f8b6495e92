// Where the log of a stopped postgres ends, read from pg_wal itself: after an immediate stop pg_control does not know (rule 12, §5).
// Formats: src/include/access/xlogrecord.h and xlog_internal.h, the same in PostgreSQL 13 to 18.
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Position } from '../../../../state-machines/protocol/types.ts';
import type { ControlData } from '../../../postgres/control-data.ts';
import type { TimelineHistory } from '../../../postgres/timeline.ts';
import { segmentName, segmentNumber } from '../../../postgres/wal-name.ts';
import { timelineOfRecord } from '../core/position.ts';
import { localHistory } from '../../wal/history-files.ts';

const pageSize = 8192n;
const shortHeader = 24n;
const longHeader = 40n;
/** Bytes that every record has before its data. */
const recordHeader = 24;
const largestRecord = 1020 * 1024 * 1024;

interface Log {
  readonly directory: string;
  readonly history: TimelineHistory;
  readonly segmentSize: bigint;
}

/** The timeline whose file holds a segment: one in which a timeline was left is continued in the file of the next. */
const timelineOfSegment = ({ timeline, switches }: TimelineHistory, end: bigint): number =>
  switches.find((left) => left.end >= end)?.timeline ?? timeline;

/** One segment at a time, by its pages. */
class Pages implements AsyncDisposable {
  readonly #log: Log;
  #segment = -1n;
  #file: FileHandle | undefined;
  #page: { readonly at: bigint; readonly bytes: Buffer } | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** The page that holds this position, or undefined where the log has none: not there, or of another life of the file. */
  async at(lsn: bigint): Promise<Buffer | undefined> {
    const start = lsn - (lsn % pageSize);
    if (this.#page?.at === start) return this.#page.bytes;
    const { segmentSize, directory, history } = this.#log;
    const segment = segmentNumber(lsn, Number(segmentSize));
    if (segment !== this.#segment) {
      await this.#file?.close();
      this.#file = undefined;
      this.#segment = segment;
      const timeline = timelineOfSegment(history, (segment + 1n) * segmentSize);
      const name = segmentName(timeline, segment, Number(segmentSize));
      this.#file = await open(path.join(directory, name), 'r').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
    }
    if (!this.#file) return undefined;
    const bytes = Buffer.alloc(Number(pageSize));
    const { bytesRead } = await this.#file.read(bytes, 0, bytes.length, Number(start % segmentSize));
    // xlp_pageaddr: a recycled segment still holds pages of a place that it had before.
    if (bytesRead < bytes.length || bytes.readBigUInt64LE(8) !== start) return undefined;
    this.#page = { at: start, bytes };
    return bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close();
  }
}

const aligned = (lsn: bigint): bigint => (lsn + 7n) & ~7n;

/** From the start of a record over `length` bytes of it, page headers left out. Undefined when a page on the way is not there. */
async function over(pages: Pages, from: bigint, length: number, segmentSize: bigint): Promise<bigint | undefined> {
  let [at, left] = [from, BigInt(length)];
  for (;;) {
    const room = pageSize - (at % pageSize);
    if (left <= room) return at + left;
    left -= room;
    const next = at + room;
    if (!(await pages.at(next))) return undefined;
    at = next + (next % segmentSize === 0n ? longHeader : shortHeader);
  }
}

/** The position at which a record would begin: not inside a page's header. */
const recordStart = (lsn: bigint, segmentSize: bigint): bigint => {
  const begin = aligned(lsn);
  if (begin % segmentSize === 0n) return begin + longHeader;
  return begin % pageSize === 0n ? begin + shortHeader : begin;
};

/** A switch of segments ends where the next one begins (XLOG_SWITCH of the resource manager 0). */
const isSwitch = (header: Buffer): boolean => header[17] === 0 && ((header[16] ?? 0) & 0xf0) === 0x40;

/** The header's 24 bytes, which may lie on two pages. */
async function headerAt(pages: Pages, lsn: bigint, segmentSize: bigint): Promise<Buffer | undefined> {
  const page = await pages.at(lsn);
  const within = Number(lsn % pageSize);
  const first = page?.subarray(within, within + recordHeader);
  if (!first || first.length === recordHeader) return first;
  const next = lsn + BigInt(first.length);
  const second = await pages.at(next);
  const skip = Number(next % segmentSize === 0n ? longHeader : shortHeader);
  return second && Buffer.concat([first, second.subarray(skip, skip + recordHeader - first.length)]);
}

/**
 * The end of the last record after the newest checkpoint. Each record names the one before, so the chain ends where the log does;
 * what is left of a torn record at its end counts as there, which can only make the position higher than it is. That is the safe
 * side: a candidate that is granted a promise must have at least this much.
 */
export async function endOfStoppedLog(dataDirectory: string, control: ControlData): Promise<Position> {
  const segmentSize = BigInt(control.walSegmentSize);
  // Promoted and stopped before its first checkpoint: only this one names the new timeline.
  const newest = Math.max(control.checkpointTimeline, control.minRecoveryTimeline);
  const history = await localHistory(dataDirectory, newest);
  await using pages = new Pages({ directory: path.join(dataDirectory, 'pg_wal'), history, segmentSize });
  let end: bigint | undefined;
  let previous: bigint | undefined;
  for (let at = control.checkpoint; ; at = recordStart(end, segmentSize)) {
    const header = await headerAt(pages, at, segmentSize);
    const length = header?.readUInt32LE(0) ?? 0;
    const follows = previous === undefined || header?.readBigUInt64LE(8) === previous;
    const record = header && length >= recordHeader && length <= largestRecord && follows;
    const after = record ? await over(pages, at, length, segmentSize) : undefined;
    if (!header || after === undefined) break;
    [previous, end] = [at, isSwitch(header) ? (at / segmentSize + 1n) * segmentSize : aligned(after)];
  }
  if (end === undefined) throw new Error('pg_wal does not hold the checkpoint that pg_control names');
  return { timeline: timelineOfRecord(history, end), lsn: end };
}
