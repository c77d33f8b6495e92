import { availableParallelism } from 'node:os';
import { Readable } from 'node:stream';
import { decompressStream } from '../../objectstore/codec/compression.ts';
import { openStream } from '../../objectstore/codec/pipeline.ts';
import { frameFormat } from '../../objectstore/frames/codec.ts';
import { frameIndexKey, parseFrameIndex } from '../../objectstore/frames/index-file.ts';
import { decompressFrames } from '../../objectstore/frames/read.ts';
import type { FrameSizes } from '../../objectstore/frames/write.ts';
import { type ArchiveCompression, backupDirectory, parseArchiveKey } from '../../objectstore/layout.ts';
import { parallelGet } from '../../objectstore/parallel-get.ts';
import type { Archive } from '../wal/archive-source.ts';

/** One tar of a backup: of PGDATA or of a tablespace, or with Barman a part of it. */
export interface DataFile {
  readonly key: string;
  /** Id of the backup. */
  readonly id: string;
  readonly tablespace: number | undefined;
  readonly part: number;
  readonly compression: ArchiveCompression;
  readonly size: number;
}

/** Ranges of a file that are fetched at once, of 8 MiB. */
const rangesAtOnce = 4;

/** PGDATA's first. */
export async function dataFiles(archive: Archive, id: string, signal: AbortSignal): Promise<DataFile[]> {
  const { location } = archive.config;
  const files: DataFile[] = [];
  for await (const found of archive.store.list(backupDirectory(location, id), { signal })) {
    const file = found.kind === 'object' ? parseArchiveKey(location, found.key) : undefined;
    if (found.kind !== 'object' || file?.kind !== 'data') continue;
    const { tablespace, part, compression } = file;
    files.push({ key: found.key, id, tablespace, part, compression, size: found.size });
  }
  if (!files.some(({ tablespace }) => tablespace === undefined)) {
    throw new Error(`backup ${id} has no data in the archive`);
  }
  return files.sort((a, b) => (a.tablespace ?? 0) - (b.tablespace ?? 0) || a.part - b.part);
}

async function frameSizes({ store }: Archive, key: string, signal: AbortSignal): Promise<FrameSizes | undefined> {
  const found = await store.get(frameIndexKey(key), { signal });
  if (!found) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of found.body) chunks.push(chunk as Buffer);
  return parseFrameIndex(Buffer.concat(chunks));
}

/** A file's plain bytes: frame by frame side by side when it is one of ours, else as one stream. */
export async function plainContent(
  archive: Archive,
  file: DataFile,
  signal: AbortSignal,
): Promise<AsyncIterable<Buffer>> {
  const { key, id, size, compression, tablespace } = file;
  const sealed = parallelGet(archive.store, key, { size, concurrency: rangesAtOnce, signal });
  const stored = openStream({ keys: archive.config.keys, context: `${id}/${tablespace ?? 'data'}.tar` }, sealed);
  const format = frameFormat(compression);
  const sizes = format && (await frameSizes(archive, key, signal));
  if (format && sizes) return decompressFrames(format, stored, { ahead: availableParallelism() + 2, sizes });
  return decompressStream(compression, Readable.from(stored, { objectMode: false }));
}
