import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ArchiveCompression } from '../layout.ts';
import { compressBuffer, compressStream, decompressBuffer, decompressStream, writable } from './compression.ts';

const data = Buffer.from('0123456789abcdef'.repeat(100_000));
/** Pages as WAL has them: some text, some noise, some zeros. */
const mixed = Buffer.concat([
  data.subarray(0, 300_000),
  randomBytes(300_000),
  Buffer.alloc(500_000),
  data.subarray(0, 777),
]);
const chunksOf = (bytes: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
const packed = writable.filter((compression) => compression !== 'none');

async function collect(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
const unpack = (compression: ArchiveCompression, chunks: readonly Buffer[]): Promise<Buffer> =>
  collect(decompressStream(compression, Readable.from(chunks)));

test.each(writable)('%s gives back what it took', async (compression) => {
  const whole = await compressBuffer(compression, data);
  expect((await decompressBuffer(compression, whole)).equals(data)).toBe(true);
  expect(whole.length < data.length / 10).toBe(compression !== 'none');
  for (const bytes of [mixed, data, Buffer.alloc(0)]) {
    const streamed = await collect(compressStream(compression, Readable.from(chunksOf(bytes, 100_000))));
    expect((await unpack(compression, [streamed])).equals(bytes)).toBe(true);
  }
});

test.each(packed)('%s: frames one after the other are one, wherever chunks end', async (compression) => {
  const size = fc.constantFrom(0, 1, 15, 65_535, 65_536, 262_144, 524_288, 300_001);
  await fc.assert(
    fc.asyncProperty(
      fc.array(size, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 70_000 }),
      async (sizes, cut) => {
        const plain = sizes.map((length, index) => mixed.subarray(index * 1000, index * 1000 + length));
        const frames = Buffer.concat(await Promise.all(plain.map((part) => compressBuffer(compression, part))));
        const result = await unpack(compression, chunksOf(frames, Math.max(cut, Math.ceil(frames.length / 2000))));
        expect(result.equals(Buffer.concat(plain))).toBe(true);
      },
    ),
    { numRuns: 8 },
  );
});

test.each(packed)('%s: a damaged or cut archive is an error, not less data', async (compression) => {
  const whole = await collect(compressStream(compression, Readable.from([mixed])));
  for (const cut of [1, 9, 4000]) {
    await expect(unpack(compression, [whole.subarray(0, whole.length - cut)])).rejects.toThrow();
  }
  await expect(unpack(compression, [Buffer.from('not of this format')])).rejects.toThrow();
  const flipped = Buffer.from(whole);
  const noise = Math.floor(whole.length / 2);
  flipped[noise] = (flipped[noise] ?? 0) ^ 1;
  // Zstandard frames of zlib have no checksum: the digest of the plain bytes is what finds it there.
  if (compression !== 'zstd') await expect(unpack(compression, [flipped])).rejects.toThrow();
});

test.each(packed)('%s: a failing source fails the compressed stream', async (compression) => {
  async function* broken(): AsyncGenerator<Buffer> {
    yield data;
    throw new Error('disk gone');
  }
  await expect(collect(compressStream(compression, broken()))).rejects.toThrow('disk gone');
});

test.each(['gzip', 'lz4', 'snappy', 'zstd'] as const)('%s: who stops reading stops the source', async (compression) => {
  const body = Readable.from(chunksOf(await compressBuffer(compression, mixed), 1000));
  for await (const _ of decompressStream(compression, body)) break;
  await new Promise((resolve) => setImmediate(resolve));
  expect(body.destroyed).toBe(true);
});

test('what zlib would drop after a frame is read', async () => {
  const [a, b] = [zstdCompressSync(Buffer.from('hello ')), zstdCompressSync(Buffer.from('world'))];
  const skipped = Buffer.concat([Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0]), Buffer.from('abc')]);
  expect(String(await unpack('zstd', [Buffer.concat([a, skipped, b])]))).toBe('hello world');
  const members = Buffer.concat([gzipSync(Buffer.from('hello ')), gzipSync(Buffer.from('world'))]);
  expect(String(await unpack('gzip', [members]))).toBe('hello world');
});

/** The programs of the formats, where they are installed. */
const programs = { gzip: 'gzip', zstd: 'zstd', lz4: 'lz4', bzip2: 'bzip2', xz: 'xz' } as const;
const run = (command: string, args: string[], input: Buffer): Buffer | undefined => {
  const done = spawnSync(command, args, { input, maxBuffer: 1 << 28 });
  return done.error ? undefined : done.status === 0 ? done.stdout : Buffer.from(String(done.stderr));
};

test.each(Object.entries(programs))('%s is that of its program', async (name, program) => {
  const compression = name as keyof typeof programs;
  const theirs = run(program, ['-c'], mixed);
  if (!theirs) {
    process.stderr.write(`SKIPPED: there is no ${program} here\n`);
    return;
  }
  expect((await unpack(compression, chunksOf(theirs, 50_000))).equals(mixed)).toBe(true);
  if (compression === 'bzip2' || compression === 'xz') return;
  const ours = await collect(compressStream(compression, Readable.from([mixed, data])));
  expect(run(program, ['-dc'], ours)?.equals(Buffer.concat([mixed, data]))).toBe(true);
});

const python = `
import sys, io
import snappy, lz4.frame
name = sys.argv[1]
data = sys.stdin.buffer.read()
out = io.BytesIO()
if name == 'snappy-read': snappy.stream_decompress(io.BytesIO(data), out)
if name == 'snappy-write': snappy.stream_compress(io.BytesIO(data), out)
if name == 'lz4-read': out.write(lz4.frame.open(io.BytesIO(data)).read())
if name == 'lz4-write': out.write(lz4.frame.compress(data))
sys.stdout.buffer.write(out.getvalue())`;

test.each(['snappy', 'lz4'] as const)('%s is what the library of Barman reads and writes', async (compression) => {
  // Debian 12's own python3-snappy does not work with its Python.
  const theirs = run('python3', ['-c', python, `${compression}-write`], mixed);
  if (!theirs || theirs.includes('Error')) {
    process.stderr.write(`SKIPPED: no working python-snappy and lz4 for python3 here\n`);
    return;
  }
  expect((await unpack(compression, [theirs])).equals(mixed)).toBe(true);
  const ours = await collect(compressStream(compression, Readable.from([mixed, data])));
  const read = run('/usr/bin/python3', ['-c', python, `${compression}-read`], ours);
  expect(read?.equals(Buffer.concat([mixed, data]))).toBe(true);
});
