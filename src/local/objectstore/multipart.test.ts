import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CompletedPart, S3Client } from '@aws-sdk/client-s3';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { bytes, failure, sdkClient } from './testing-client.ts';
import type { TestObjectStore } from './testing.ts';
import { startObjectStore } from './testing.ts';

let dataDir: string;
let store: TestObjectStore;
let client: S3Client;
const Bucket = 'data';
const minPart = 5 * 1024 * 1024;
const first = bytes(minPart, 1);
const second = bytes(1000, 2);

const start = async (): Promise<void> => {
  store = await startObjectStore({ dataDir, buckets: [Bucket] });
  client = sdkClient(store);
};
const stop = async (): Promise<void> => {
  client.destroy();
  await store[Symbol.asyncDispose]();
};
beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'howdah-s3-'));
  await start();
});
afterAll(async () => {
  await stop();
  await rm(dataDir, { recursive: true, force: true });
});

const create = async (Key: string, more: object = {}): Promise<string> =>
  (await client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))).UploadId ?? '';
const send = async (Key: string, UploadId: string, PartNumber: number, Body: Buffer): Promise<CompletedPart> => {
  const { ETag, ChecksumCRC32 } = await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }));
  return { PartNumber, ETag, ...(ChecksumCRC32 !== undefined && { ChecksumCRC32 }) };
};
const complete = (Key: string, UploadId: string, Parts: CompletedPart[], more: object = {}) =>
  client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more }));
const read = async (Key: string): Promise<Buffer> => {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
};
const blobCount = async (): Promise<number> => {
  const names = await readdir(path.join(dataDir, 'blobs'), { recursive: true, withFileTypes: true });
  return names.filter((entry) => entry.isFile()).length;
};

test('parts survive a restart, in whatever order they came, and a part sent twice counts once', async () => {
  const before = await blobCount();
  const id = await create('restarted', { Metadata: { a: 'b' } });
  const two = await send('restarted', id, 2, second);
  await send('restarted', id, 1, second);
  await stop();
  await start();
  const one = await send('restarted', id, 1, first);
  await send('restarted', id, 7, second);
  const { Parts } = await client.send(new ListPartsCommand({ Bucket, Key: 'restarted', UploadId: id }));
  expect(Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
    [1, minPart],
    [2, 1000],
    [7, 1000],
  ]);
  const done = await complete('restarted', id, [one, two]);
  expect(done.ETag).toMatch(/-2"$/);
  expect((await read('restarted')).equals(Buffer.concat([first, second]))).toBe(true);
  expect(await blobCount()).toBe(before + 2);
});

test('completing again after a lost answer gives the same answer', async () => {
  const id = await create('twice');
  const parts = [await send('twice', id, 1, second)];
  const { ETag } = await complete('twice', id, parts);
  expect((await complete('twice', id, parts)).ETag).toBe(ETag);
  expect((await failure(send('twice', id, 2, second))).code).toBe('NoSuchUpload');
  expect((await failure(complete('twice', 'no-such-id', parts))).code).toBe('NoSuchUpload');
});

test('wrong completions are refused and the upload goes on', async () => {
  const id = await create('picky');
  const one = await send('picky', id, 1, second);
  const two = await send('picky', id, 2, first);
  expect((await failure(complete('picky', id, [two, one]))).code).toBe('InvalidPartOrder');
  expect((await failure(complete('picky', id, [one, two]))).code).toBe('EntityTooSmall');
  expect((await failure(complete('picky', id, [{ ...one, ETag: two.ETag }]))).code).toBe('InvalidPart');
  expect((await failure(complete('picky', id, [{ ...one, ChecksumCRC32: 'AAAAAA==' }]))).code).toBe('InvalidPart');
  expect((await failure(complete('picky', id, [one, { ...two, PartNumber: 3 }]))).code).toBe('InvalidPart');
  expect((await failure(complete('picky', id, [one], { MpuObjectSize: 1 }))).code).toBe('InvalidRequest');
  expect((await failure(read('picky'))).code).toBe('NoSuchKey');
  await complete('picky', id, [two]);
  expect((await read('picky')).equals(first)).toBe(true);
});

test('of two create-only completions one wins', async () => {
  const uploads = await Promise.all(
    [1, 2].map(async (seed) => {
      const id = await create('contended');
      return { id, parts: [await send('contended', id, 1, bytes(100, seed))] };
    }),
  );
  const race = await Promise.allSettled(
    uploads.map(({ id, parts }) => complete('contended', id, parts, { IfNoneMatch: '*' })),
  );
  expect(race.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
  const winner = race.findIndex((result) => result.status === 'fulfilled');
  expect((await read('contended')).equals(bytes(100, winner + 1))).toBe(true);
});

test('an aborted upload is gone with its parts', async () => {
  const before = await blobCount();
  const id = await create('aborted');
  const part = await send('aborted', id, 1, second);
  expect(await blobCount()).toBe(before + 1);
  await client.send(new AbortMultipartUploadCommand({ Bucket, Key: 'aborted', UploadId: id }));
  expect(await blobCount()).toBe(before);
  expect((await failure(complete('aborted', id, [part]))).code).toBe('NoSuchUpload');
});

test('uploads under way are listed by key in pages', async () => {
  const keys = ['list/a', 'list/a', 'list/b', 'list/c'];
  for (const key of keys) await create(key);
  const found: (string | undefined)[] = [];
  let marker: { KeyMarker?: string; UploadIdMarker?: string } = {};
  for (let more = true; more;) {
    const page = await client.send(
      new ListMultipartUploadsCommand({ Bucket, Prefix: 'list/', MaxUploads: 1, ...marker }),
    );
    found.push(...(page.Uploads ?? []).map(({ Key }) => Key));
    more = page.IsTruncated ?? false;
    marker = { KeyMarker: page.NextKeyMarker ?? '', UploadIdMarker: page.NextUploadIdMarker ?? '' };
  }
  expect(found).toEqual(keys);
});

test('parts are copied from ranges of objects', async () => {
  await client.send(new PutObjectCommand({ Bucket, Key: 'origin', Body: first }));
  const id = await create('copied');
  const copy = (PartNumber: number, CopySourceRange: string) =>
    client.send(
      new UploadPartCopyCommand({
        Bucket,
        Key: 'copied',
        UploadId: id,
        PartNumber,
        CopySource: `${Bucket}/origin`,
        CopySourceRange,
      }),
    );
  const whole = await copy(1, `bytes=0-${minPart - 1}`);
  const middle = await copy(2, 'bytes=100-199');
  expect((await failure(copy(3, `bytes=0-${minPart}`))).code).toBe('InvalidArgument');
  await complete('copied', id, [
    { PartNumber: 1, ETag: whole.CopyPartResult?.ETag },
    { PartNumber: 2, ETag: middle.CopyPartResult?.ETag },
  ]);
  expect((await read('copied')).equals(Buffer.concat([first, first.subarray(100, 200)]))).toBe(true);
});

test.each(['CRC32', 'CRC32C', 'CRC64NVME'] as const)(
  'the %s of a whole object comes from those of its parts',
  async (algorithm) => {
    const name = `Checksum${algorithm}` as const;
    const Key = `whole-${algorithm}`;
    const id = await create(Key, { ChecksumAlgorithm: algorithm, ChecksumType: 'FULL_OBJECT' });
    const parts: CompletedPart[] = [];
    for (const [index, Body] of [first, second].entries()) {
      const part = { Bucket, Key, UploadId: id, PartNumber: index + 1, Body, ChecksumAlgorithm: algorithm };
      const sent = await client.send(new UploadPartCommand(part));
      parts.push({ PartNumber: index + 1, ETag: sent.ETag, [name]: sent[name] });
    }
    const done = await complete(Key, id, parts, { ChecksumType: 'FULL_OBJECT' });
    expect(done[name]).toMatch(/^[^-]+$/);
    const single = await client.send(
      new PutObjectCommand({
        Bucket,
        Key: 'single',
        Body: Buffer.concat([first, second]),
        ChecksumAlgorithm: algorithm,
      }),
    );
    expect(done[name]).toBe(single[name]);
  },
);

test('a composite checksum is the checksum of the checksums', async () => {
  const id = await create('composite', { ChecksumAlgorithm: 'SHA256' });
  const parts: CompletedPart[] = [];
  for (const [index, Body] of [first, second].entries()) {
    const ChecksumAlgorithm = 'SHA256' as const;
    const part = { Bucket, Key: 'composite', UploadId: id, PartNumber: index + 1, Body, ChecksumAlgorithm };
    const { ETag, ChecksumSHA256 } = await client.send(new UploadPartCommand(part));
    parts.push({ PartNumber: index + 1, ETag, ChecksumSHA256 });
  }
  const { ChecksumSHA256 } = await complete('composite', id, parts);
  const sums = parts.map((part) => Buffer.from(part.ChecksumSHA256 ?? '', 'base64'));
  expect(ChecksumSHA256).toBe(`${createHash('sha256').update(Buffer.concat(sums)).digest('base64')}-2`);
});
