import type { Lsn } from './lsn.ts';

/** What a file of pg_wal or of the archive is, told from its name. Timelines are hexadecimal in names. */
export type WalFile =
  | { readonly kind: 'segment'; readonly timeline: number; readonly log: bigint; readonly part: bigint }
  | { readonly kind: 'partial'; readonly timeline: number; readonly log: bigint; readonly part: bigint }
  | { readonly kind: 'backup'; readonly timeline: number; readonly log: bigint; readonly part: bigint }
  | { readonly kind: 'history'; readonly timeline: number };

const segmentPattern = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})(\.partial|\.[0-9A-F]{8}\.backup)?$/;
const historyPattern = /^([0-9A-F]{8})\.history$/;
const hex8 = (value: bigint | number): string => value.toString(16).toUpperCase().padStart(8, '0');

/** Undefined for a name that PostgreSQL would not give to a file of the archive. */
export function parseWalName(name: string): WalFile | undefined {
  const history = historyPattern.exec(name);
  if (history) return { kind: 'history', timeline: Number.parseInt(history[1] ?? '', 16) };
  const match = segmentPattern.exec(name);
  if (!match) return undefined;
  const kind = match[4] === undefined ? 'segment' : match[4] === '.partial' ? 'partial' : 'backup';
  return {
    kind,
    timeline: Number.parseInt(match[1] ?? '', 16),
    log: BigInt(`0x${match[2]}`),
    part: BigInt(`0x${match[3]}`),
  };
}

export const isSegmentSize = (bytes: number): boolean =>
  bytes >= 1 << 20 && bytes <= 1 << 30 && Number.isInteger(Math.log2(bytes));

/** Segments in one "log file" of 4 GiB, which the second third of a name counts. */
const perLog = (segmentSize: number): bigint => 0x1_0000_0000n / BigInt(segmentSize);

/** Numbers of segments count from the log's beginning, across logs. */
export const segmentNumber = (lsn: Lsn, segmentSize: number): bigint => lsn / BigInt(segmentSize);

/** The segment that holds the last byte before `lsn`: what a stop position needs (XLByteToPrevSeg). */
export const segmentNumberBefore = (lsn: Lsn, segmentSize: number): bigint => (lsn - 1n) / BigInt(segmentSize);

export const segmentStart = (segment: bigint, segmentSize: number): Lsn => segment * BigInt(segmentSize);

export function segmentName(timeline: number, segment: bigint, segmentSize: number): string {
  const count = perLog(segmentSize);
  return hex8(timeline) + hex8(segment / count) + hex8(segment % count);
}

/** The number of the segment that a parsed name stands for; an error when the name cannot exist with that size. */
export function segmentOf(file: Exclude<WalFile, { kind: 'history' }>, segmentSize: number): bigint {
  const count = perLog(segmentSize);
  if (file.part >= count)
    throw new Error(`no such WAL segment with segments of ${segmentSize} bytes: part ${file.part}`);
  return file.log * count + file.part;
}

/** Names of all segments from the one of `begin` to the one with the last byte before `end`. */
export function segmentNames(timeline: number, begin: Lsn, end: Lsn, segmentSize: number): string[] {
  const names: string[] = [];
  const last = segmentNumberBefore(end, segmentSize);
  for (let segment = segmentNumber(begin, segmentSize); segment <= last; segment += 1n) {
    names.push(segmentName(timeline, segment, segmentSize));
  }
  return names;
}

/** The name `count` segments after a segment's name, on the same timeline. */
export function segmentAfter(name: string, segmentSize: number, count = 1): string {
  const file = parseWalName(name);
  if (file?.kind !== 'segment') throw new Error(`not the name of a WAL segment: "${name}"`);
  return segmentName(file.timeline, segmentOf(file, segmentSize) + BigInt(count), segmentSize);
}

export const historyName = (timeline: number): string => `${hex8(timeline)}.history`;
