import { promisify } from 'node:util';
import type { Readable, Transform } from 'node:stream';
import { Readable as ReadableStream, pipeline } from 'node:stream';
import {
  constants,
  createGunzip,
  createGzip,
  createZstdCompress,
  createZstdDecompress,
  gunzip,
  gzip,
  zstdCompress,
} from 'node:zlib';
import type { ArchiveCompression } from '../layout.ts';
import { splitFrames } from './zstd-frames.ts';

/** What Howdah itself writes; it reads all that Barman writes. */
export const writable = ['none', 'gzip', 'zstd', 'lz4', 'snappy'] as const;
export type Compression = (typeof writable)[number];

/** WAL and data pages shrink nearly as much at level 1 as at 6 (gzip) or 3 (zstd), in a third of the time. */
const level = 1;
const chunkSize = 256 * 1024;
/** A window and tables that stay in the processor's cache: an eighth faster, and WAL becomes up to 8 % larger (docs/benchmarks.md). */
const zstdOptions = {
  params: {
    [constants.ZSTD_c_compressionLevel]: level,
    [constants.ZSTD_c_windowLog]: 17,
    [constants.ZSTD_c_hashLog]: 13,
  },
};
const gzipBuffer = promisify(gzip) as (data: Buffer, options: { level: number; chunkSize: number }) => Promise<Buffer>;
const gunzipBuffer = promisify(gunzip) as (data: Buffer, options: { chunkSize: number }) => Promise<Buffer>;
const zstdBuffer = promisify(zstdCompress) as (data: Buffer, options: typeof zstdOptions) => Promise<Buffer>;

/**
 * One whole member or frame. Frames of one format one after the other are a file of that format, so a stream can be compressed in
 * pieces that do not wait for each other. Work is done on the thread pool, not on the event loop.
 */
export async function compressBuffer(compression: Compression, data: Buffer): Promise<Buffer> {
  switch (compression) {
    case 'none':
      return data;
    case 'gzip':
      return gzipBuffer(data, { level, chunkSize });
    case 'zstd':
      return zstdBuffer(data, zstdOptions);
    case 'lz4':
      return (await import('./lz4.ts')).compressLz4(data);
    case 'snappy':
      return (await import('./snappy.ts')).compressSnappy(data);
    default:
      return compression satisfies never;
  }
}

/** A small object; for what can be large see `decompressStream`. */
export async function decompressBuffer(compression: ArchiveCompression, data: Buffer): Promise<Buffer> {
  if (compression === 'none') return data;
  if (compression === 'gzip') return gunzipBuffer(data, { chunkSize });
  return Buffer.concat(await decompressStream(compression, ReadableStream.from([data])).toArray());
}

/**
 * A failing source fails the result, and who stops reading stops the source. A chunk of the source is not used any more when the
 * next one is asked for.
 */
export function compressStream(compression: Compression, source: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  switch (compression) {
    case 'none':
      return source;
    case 'gzip':
      return fed(source, createGzip({ level, chunkSize }));
    case 'zstd':
      return fed(source, createZstdCompress({ ...zstdOptions, chunkSize: 1 << 20 }));
    case 'lz4':
    case 'snappy':
      return inFrames(compression, source);
    default:
      return compression satisfies never;
  }
}

/** Bytes of a frame of lz4 or snappy: their matches reach back 64 KiB at most, so nothing is lost. */
const frameSize = 1 << 20;

async function* inFrames(compression: Compression, source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const frame = Buffer.allocUnsafeSlow(frameSize);
  let size = 0;
  let frames = 0;
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length;) {
      const copied = chunk.copy(frame, size, at);
      size += copied;
      at += copied;
      if (size < frameSize) continue;
      yield await compressBuffer(compression, frame);
      frames += 1;
      size = 0;
    }
  }
  if (size > 0 || frames === 0) yield await compressBuffer(compression, frame.subarray(0, size));
}

/** For what ObjectStore.get gives. Members and frames one after the other are read as one. */
export function decompressStream(compression: ArchiveCompression, body: Readable): Readable {
  switch (compression) {
    case 'none':
      return body;
    case 'gzip':
      return through(body, createGunzip({ chunkSize }));
    case 'zstd':
      return through(splitFrames(body), createZstdDecompress({ chunkSize }));
    case 'lz4':
      return lazily(body, async () => (await import('./lz4.ts')).readLz4);
    case 'snappy':
      return lazily(body, async () => (await import('./snappy.ts')).readSnappy);
    case 'bzip2':
      return lazily(body, async () => (await import('./foreign.ts')).readBzip2);
    case 'xz':
      return lazily(body, async () => (await import('./foreign.ts')).readXz);
    default:
      return compression satisfies never;
  }
}

type Read = (source: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;

/** What few archives need is loaded when one does. */
function lazily(body: Readable, load: () => Promise<Read>): Readable {
  async function* content(): AsyncGenerator<Buffer> {
    yield* (await load())(body);
  }
  const stream = ReadableStream.from(content(), { objectMode: false });
  stream.once('close', () => body.destroy());
  return stream;
}

/** As `through`, each chunk being worked up before the next is asked for. */
function fed(source: AsyncIterable<Buffer>, stream: Transform): Transform {
  const write = (chunk: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      const end = (): void => resolve();
      stream.once('close', end);
      stream.write(chunk, (error) => {
        stream.off('close', end);
        if (error) reject(error);
        else resolve();
      });
    });
  const feed = async (): Promise<void> => {
    for await (const chunk of source) {
      await write(chunk);
      if (stream.destroyed) return;
    }
    stream.end();
  };
  feed().catch((error: unknown) => stream.destroy(error instanceof Error ? error : new Error(String(error))));
  return stream;
}

function through(source: AsyncIterable<Buffer>, stream: Transform): Transform {
  // The failure of either side destroys the other one and comes out of the stream that is read.
  pipeline(source, stream, () => undefined);
  return stream;
}
