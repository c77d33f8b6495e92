// What Barman writes and we only read. There is no writer of bzip2 or xz for Node that works beside the event loop.
import { Readable } from 'node:stream';
import { XzReadableStream } from 'xz-decompress';
import unbzip2 from 'unbzip2-stream';

export async function* readBzip2(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const decoder = unbzip2();
  const input = Readable.from(source, { objectMode: false });
  input.once('error', (error) => decoder.destroy(error));
  yield* new Readable({ objectMode: false }).wrap(input.pipe(decoder)) as AsyncIterable<Buffer>;
}

export async function* readXz(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const input = Readable.toWeb(Readable.from(source, { objectMode: false })) as ReadableStream<Uint8Array>;
  for await (const chunk of new XzReadableStream(input) as unknown as AsyncIterable<Uint8Array>) {
    yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
}
