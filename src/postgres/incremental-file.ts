// The files `INCREMENTAL.<name>` of an incremental backup (PostgreSQL 17 and later; src/backend/backup/basebackup_incremental.c):
// a header with the numbers of the blocks that follow it.

const magic = 0xd3ae1f0d;
export const blockSize = 8192;
const prefix = 'INCREMENTAL.';

export interface IncrementalHeader {
  /** Bytes of the header itself. */
  readonly size: number;
  /** Blocks that follow, in the order in which they do. */
  readonly blocks: readonly number[];
  /** Blocks below this number that do not follow are the parent's; others that do not follow are zeros. */
  readonly truncation: number;
}

/** `base/5/INCREMENTAL.1259` → `base/5/1259`; undefined for any other file. */
export function completeName(path: string): string | undefined {
  const at = path.lastIndexOf('/') + 1;
  return path.startsWith(prefix, at) ? path.slice(0, at) + path.slice(at + prefix.length) : undefined;
}

/** Undefined as long as `bytes` do not hold the whole header. */
export function parseIncrementalHeader(bytes: Buffer): IncrementalHeader | undefined {
  if (bytes.length < 12) return undefined;
  if (bytes.readUInt32LE(0) !== magic) throw new Error('not an incremental file');
  const count = bytes.readUInt32LE(4);
  const bare = 12 + 4 * count;
  // With blocks the header is padded, so that they are aligned.
  const size = count === 0 ? bare : Math.ceil(bare / blockSize) * blockSize;
  if (bytes.length < size) return undefined;
  return {
    size,
    blocks: Array.from({ length: count }, (_, index) => bytes.readUInt32LE(12 + 4 * index)),
    truncation: bytes.readUInt32LE(8),
  };
}

/** Length of the file that it makes, in blocks. */
export const completeLength = ({ blocks, truncation }: IncrementalHeader): number =>
  blocks.reduce((length, block) => Math.max(length, block + 1), truncation);

/** Where a run of the blocks that follow goes: `from` and `length` in bytes of what follows, `to` in bytes of the file. */
export interface BlockRun {
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

/** Neighbours in the file are one run. */
export function blockRuns(blocks: readonly number[]): BlockRun[] {
  const runs: { from: number; to: number; length: number }[] = [];
  blocks.forEach((block, index) => {
    const last = runs.at(-1);
    if (last && last.to + last.length === block * blockSize) last.length += blockSize;
    else runs.push({ from: index * blockSize, to: block * blockSize, length: blockSize });
  });
  return runs;
}

/** A backup_label without the lines that keep PostgreSQL from starting on a data directory that was not put together. */
export const completeLabel = (label: string): string => label.replace(/^INCREMENTAL FROM (LSN|TLI): .*\n/gm, '');
