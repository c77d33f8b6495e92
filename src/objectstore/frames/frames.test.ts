import { randomBytes } from 'node:crypto';
import { gunzipSync, inflateRawSync } from 'node:zlib';
import { Readable } from 'node:stream';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decompressStream } from '../codec/compression.ts';
import { frameFormat } from './codec.ts';
import { gzipFrames } from './deflate.ts';
import { parseFrameIndex, renderFrameIndex } from './index-file.ts';
import { decompressFrames } from './read.ts';
import { type FrameSizes, compressFrames, frameSize } from './write.ts';

const signal = new AbortController().signal;

async function collect(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* pieces(content: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += size) {
    await Promise.resolve();
    yield content.subarray(at, at + size);
  }
}

const content = (bytes: number): Buffer =>
  Buffer.concat([randomBytes(Math.ceil(bytes / 2)), Buffer.alloc(Math.floor(bytes / 2), 'page')]);

test.each([0, 1, frameSize - 1, frameSize, frameSize + 1, 5 * frameSize + 12345])(
  '%i bytes are one gzip member, and come back frame by frame',
  async (bytes) => {
    const plain = content(bytes);
    const sizes: FrameSizes = [];
    const stored = await collect(compressFrames(gzipFrames, pieces(plain, 70_001), { ahead: 3, sizes, signal }));
    expect(sizes).toHaveLength(Math.ceil(bytes / frameSize));
    // The first member is all of it: a reader that stops after one has everything.
    expect(inflateRawSync(stored.subarray(gzipFrames.head.length)).equals(plain)).toBe(true);
    expect(gunzipSync(stored).equals(plain)).toBe(true);
    const back = await collect(decompressFrames(gzipFrames, pieces(stored, 99_991), { ahead: 3, sizes }));
    expect(back.equals(plain)).toBe(true);
  },
);

test.each(['gzip', 'zstd', 'lz4', 'snappy'] as const)(
  '%s comes back frame by frame and as one stream',
  async (name) => {
    const format = frameFormat(name);
    if (!format) throw new Error('no frames');
    const plain = content(3 * frameSize + 4321);
    const sizes: FrameSizes = [];
    const stored = await collect(compressFrames(format, pieces(plain, 70_001), { ahead: 3, sizes, signal }));
    const back = await collect(decompressFrames(format, pieces(stored, 99_991), { ahead: 3, sizes }));
    expect(back.equals(plain)).toBe(true);
    const streamed = decompressStream(name, Readable.from(pieces(stored, 99_991), { objectMode: false }));
    expect((await collect(streamed)).equals(plain)).toBe(true);
  },
);

test('frames come back from chunks of any size', async () => {
  const plain = content(2 * frameSize + 77);
  const sizes: FrameSizes = [];
  const stored = await collect(compressFrames(gzipFrames, pieces(plain, 1 << 20), { ahead: 2, sizes, signal }));
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1000, max: 3_000_000 }), async (chunk) => {
      const back = await collect(decompressFrames(gzipFrames, pieces(stored, chunk), { ahead: 2, sizes }));
      return back.equals(plain);
    }),
    { numRuns: 10 },
  );
});

test('a stream that was cut off, or damaged, is an error', async () => {
  const sizes: FrameSizes = [];
  const stored = await collect(
    compressFrames(gzipFrames, pieces(content(3 * frameSize), 1 << 20), { ahead: 2, sizes, signal }),
  );
  const read = (bytes: Buffer) => collect(decompressFrames(gzipFrames, pieces(bytes, 65_536), { ahead: 2, sizes }));
  await expect(read(stored.subarray(0, stored.length - 1_000_000))).rejects.toThrow('in the middle of a frame');
  const damaged = Buffer.from(stored);
  damaged.fill(0xff, 100, 400);
  await expect(read(damaged)).rejects.toThrow();
});

test('what fails on the way ends the rest', async () => {
  let ended = false;
  async function* failing(): AsyncGenerator<Buffer> {
    try {
      for (let at = 0; ; at += 1) {
        await Promise.resolve();
        if (at === 40) throw new Error('the server is gone');
        yield Buffer.alloc(frameSize / 4);
      }
    } finally {
      ended = true;
    }
  }
  const options = { ahead: 3, sizes: [], signal };
  await expect(collect(compressFrames(gzipFrames, failing(), options))).rejects.toThrow('the server is gone');
  expect(ended).toBe(true);
});

test('an index of frames', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 })), (sizes) => {
      expect(parseFrameIndex(renderFrameIndex(sizes))).toEqual(sizes);
    }),
  );
  const bytes = renderFrameIndex([1, 2, 3]);
  expect(parseFrameIndex(bytes.subarray(0, -1))).toBeUndefined();
  expect(parseFrameIndex(Buffer.from('{"frames":1}'))).toBeUndefined();
});

test('random bytes are stored as they are, and what lies between them still shrinks', async () => {
  const random = randomBytes(frameSize);
  expect((await gzipFrames.compressor()(random)).length).toBeLessThan(frameSize * 1.001);
  const half = Buffer.concat([random.subarray(0, frameSize / 2), Buffer.alloc(frameSize / 2, 'page')]);
  const packed = await gzipFrames.compressor()(half);
  expect(packed.length).toBeLessThan(frameSize * 0.52);
  expect((await gzipFrames.decompress(packed)).equals(half)).toBe(true);
});
