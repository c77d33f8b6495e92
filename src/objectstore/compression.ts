import { promisify } from 'node:util';
import type { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream';
import { createGunzip, createGzip, gunzip, gzip } from 'node:zlib';

/** What Howdah itself writes. Work is done on the thread pool, not on the event loop. */
export type Compression = 'none' | 'gzip';

/** WAL and data pages shrink nearly as much at level 1 as at 6, in a third of the time. */
const level = 1;
const chunkSize = 256 * 1024;
const gzipBuffer = promisify(gzip) as (data: Buffer, options: { level: number; chunkSize: number }) => Promise<Buffer>;
const gunzipBuffer = promisify(gunzip) as (data: Buffer, options: { chunkSize: number }) => Promise<Buffer>;

export const compressBuffer = (compression: Compression, data: Buffer): Promise<Buffer> =>
  compression === 'none' ? Promise.resolve(data) : gzipBuffer(data, { level, chunkSize });

export const decompressBuffer = (compression: Compression, data: Buffer): Promise<Buffer> =>
  compression === 'none' ? Promise.resolve(data) : gunzipBuffer(data, { chunkSize });

/** For ObjectStore.upload. A failing source fails the result, and who stops reading stops the source. */
export function compressStream(compression: Compression, source: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  return compression === 'none' ? source : through(source, createGzip({ level, chunkSize }));
}

/** For what ObjectStore.get gives. */
export function decompressStream(compression: Compression, body: Readable): Readable {
  return compression === 'none' ? body : through(body, createGunzip({ chunkSize }));
}

function through(source: AsyncIterable<Buffer>, stream: Transform): Transform {
  // The failure of either side destroys the other one and comes out of the stream that is read.
  pipeline(source, stream, () => undefined);
  return stream;
}
