import type { Position } from '../../../state-machines/protocol/types.ts';

/** One commit, or what PostgreSQL writes for itself (`commit` 0). `lsn` is where it ends. */
export interface WalRecord {
  readonly lsn: number;
  readonly timeline: number;
  readonly commit: number;
}

export const firstLsn = 0x3000000;
export const segmentSize = 1 << 20;

/** What one data directory has of the log, and how much of it is on disk. */
export class Wal {
  readonly records: WalRecord[];
  flushed: number;

  constructor(records: readonly WalRecord[] = []) {
    this.records = [...records];
    this.flushed = records.length;
  }

  get lsn(): number {
    return this.records.at(-1)?.lsn ?? firstLsn;
  }

  get timeline(): number {
    return this.records.at(-1)?.timeline ?? 1;
  }

  get position(): Position {
    return { timeline: this.timeline, lsn: BigInt(this.lsn) };
  }

  lsnOf(count: number): number {
    return this.records[count - 1]?.lsn ?? firstLsn;
  }

  copy(count: number): Wal {
    return new Wal(this.records.slice(0, count));
  }

  /** Whether all of this is the beginning of the other. */
  isBeginningOf(other: Wal): boolean {
    const [last, theirs] = [this.records.at(-1), other.records[this.records.length - 1]];
    return (
      last === undefined ||
      (theirs !== undefined &&
        last.lsn === theirs.lsn &&
        last.timeline === theirs.timeline &&
        last.commit === theirs.commit)
    );
  }

  has(commit: number): boolean {
    return this.records.some((record) => record.commit === commit);
  }
}
