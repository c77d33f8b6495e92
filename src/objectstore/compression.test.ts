import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { compressBuffer, compressStream, decompressBuffer, decompressStream } from './compression.ts';

const data = Buffer.from('0123456789abcdef'.repeat(100_000));
async function* source() {
  for (let at = 0; at < data.length; at += 100_000) yield data.subarray(at, at + 100_000);
}

test.each(['none', 'gzip'] as const)('%s gives back what it took', async (compression) => {
  const packed = await compressBuffer(compression, data);
  expect((await decompressBuffer(compression, packed)).equals(data)).toBe(true);
  expect(packed.length < data.length / 10).toBe(compression === 'gzip');
  const streamed: Buffer[] = [];
  for await (const chunk of compressStream(compression, source())) streamed.push(chunk);
  const unpacked = (await decompressStream(
    compression,
    Readable.from([Buffer.concat(streamed)]),
  ).toArray()) as Buffer[];
  expect(Buffer.concat(unpacked).equals(data)).toBe(true);
});

test('a damaged or cut archive is an error, not less data', async () => {
  const packed = gzipSync(data);
  const read = (body: Buffer) => decompressStream('gzip', Readable.from([body])).toArray();
  await expect(read(packed.subarray(0, packed.length - 9))).rejects.toThrow('unexpected end of file');
  await expect(decompressBuffer('gzip', Buffer.from('no gzip'))).rejects.toThrow('incorrect header check');
  const flipped = Buffer.from(packed);
  flipped[packed.length - 6]! ^= 1;
  await expect(read(flipped)).rejects.toThrow('incorrect data check');
});

test('a failing source fails the compressed stream', async () => {
  async function* broken() {
    yield data;
    throw new Error('disk gone');
  }
  const read = async () => {
    for await (const _ of compressStream('gzip', broken())) continue;
  };
  await expect(read()).rejects.toThrow('disk gone');
});
