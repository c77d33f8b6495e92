import { Readable } from 'node:stream';
import { createHash } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutBucketLifecycleConfigurationCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { bytes, failure, sdkClient } from './testing-client.ts';
import type { TestObjectStore } from './testing.ts';
import { startObjectStore } from './testing.ts';

let store: TestObjectStore;
let client: S3Client;
const Bucket = 'data';

beforeAll(async () => {
  store = await startObjectStore({ buckets: [Bucket] });
  client = sdkClient(store);
});
afterAll(async () => {
  client.destroy();
  await store[Symbol.asyncDispose]();
});

const put = (Key: string, Body: string | Buffer) => client.send(new PutObjectCommand({ Bucket, Key, Body }));
const content = async (Key: string, Range?: string): Promise<Buffer> => {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, ...(Range !== undefined && { Range }) }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
};

test('buckets are created, listed, found and deleted only when empty', async () => {
  await client.send(new CreateBucketCommand({ Bucket: 'new-bucket' }));
  expect(await failure(client.send(new CreateBucketCommand({ Bucket: 'new-bucket' })))).toEqual({
    code: 'BucketAlreadyOwnedByYou',
    status: 409,
  });
  const { Buckets } = await client.send(new ListBucketsCommand({}));
  expect(Buckets?.map(({ Name }) => Name)).toEqual(['data', 'new-bucket']);
  expect(
    (await client.send(new GetBucketLocationCommand({ Bucket: 'new-bucket' }))).LocationConstraint,
  ).toBeUndefined();
  await client.send(new PutObjectCommand({ Bucket: 'new-bucket', Key: 'k', Body: 'x' }));
  expect((await failure(client.send(new DeleteBucketCommand({ Bucket: 'new-bucket' })))).code).toBe('BucketNotEmpty');
  await client.send(new DeleteObjectCommand({ Bucket: 'new-bucket', Key: 'k' }));
  await client.send(new DeleteBucketCommand({ Bucket: 'new-bucket' }));
  expect((await failure(client.send(new HeadBucketCommand({ Bucket: 'new-bucket' })))).status).toBe(404);
  expect((await failure(client.send(new ListObjectsV2Command({ Bucket: 'new-bucket' })))).code).toBe('NoSuchBucket');
});

test.each(['ab', 'A-bucket', '-ab', 'ab-', 'a..b', '192.168.0.1', 'a'.repeat(64), 'a_b'])(
  'no bucket is named "%s"',
  async (name) => {
    expect((await failure(client.send(new CreateBucketCommand({ Bucket: name })))).code).toBe('InvalidBucketName');
  },
);

test.each([0, 1, 65_536, 1_000_003, 9 * 1024 * 1024])('%d bytes come back as they were put', async (size) => {
  const data = bytes(size);
  const { ETag } = await put('sized', data);
  expect(ETag).toBe(`"${createHash('md5').update(data).digest('hex')}"`);
  expect((await content('sized')).equals(data)).toBe(true);
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'sized' }));
  expect(head.ContentLength).toBe(size);
  expect(Math.abs(Date.now() - (head.LastModified?.getTime() ?? 0))).toBeLessThan(10_000);
});

test('a stream arrives without its aws-chunked framing', async () => {
  const data = bytes(3_000_000);
  const Body = Readable.from([data.subarray(0, 10), data.subarray(10, 1_500_000), data.subarray(1_500_000)]);
  await client.send(
    new PutObjectCommand({ Bucket, Key: 'streamed', Body, ContentLength: data.length, ContentEncoding: 'x-own' }),
  );
  expect((await content('streamed')).equals(data)).toBe(true);
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'streamed' }));
  expect(head.ContentEncoding).toBe('x-own');
});

test.each(['CRC32', 'CRC32C', 'SHA1', 'SHA256'] as const)(
  'a %s checksum is kept and given back',
  async (ChecksumAlgorithm) => {
    const Body = bytes(100_000);
    const sent = await client.send(new PutObjectCommand({ Bucket, Key: 'summed', Body, ChecksumAlgorithm }));
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'summed', ChecksumMode: 'ENABLED' }));
    const name = `Checksum${ChecksumAlgorithm}` as const;
    expect(got[name]).toBe(sent[name]);
    expect(got[name]).toMatch(/=$/);
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(Body)).toBe(true);
  },
);

test('a wrong checksum or MD5 is refused and leaves nothing', async () => {
  const wrong = { Bucket, Key: 'wrong', Body: 'abc' };
  expect(await failure(client.send(new PutObjectCommand({ ...wrong, ChecksumCRC32: 'AAAAAA==' })))).toEqual({
    code: 'BadDigest',
    status: 400,
  });
  const ContentMD5 = createHash('md5').update('abd').digest('base64');
  expect((await failure(client.send(new PutObjectCommand({ ...wrong, ContentMD5 })))).code).toBe('BadDigest');
  expect((await failure(client.send(new GetObjectCommand({ Bucket, Key: 'wrong' })))).code).toBe('NoSuchKey');
});

test('metadata, content type, other headers and tags are kept', async () => {
  await client.send(
    new PutObjectCommand({
      Bucket,
      Key: 'described',
      Body: 'x',
      ContentType: 'text/plain; charset=utf-8',
      CacheControl: 'no-store',
      ContentDisposition: 'attachment; filename="a b"',
      Metadata: { 'wal-start': '0/2000028', empty: '' },
      Tagging: 'kind=base&name=a%20b',
    }),
  );
  const got = await client.send(new HeadObjectCommand({ Bucket, Key: 'described' }));
  expect(got).toMatchObject({
    ContentType: 'text/plain; charset=utf-8',
    CacheControl: 'no-store',
    ContentDisposition: 'attachment; filename="a b"',
    Metadata: { 'wal-start': '0/2000028', empty: '' },
  });
  const tags = async () => (await client.send(new GetObjectTaggingCommand({ Bucket, Key: 'described' }))).TagSet;
  expect(await tags()).toEqual([
    { Key: 'kind', Value: 'base' },
    { Key: 'name', Value: 'a b' },
  ]);
  const TagSet = [{ Key: 'new', Value: '<&>' }];
  await client.send(new PutObjectTaggingCommand({ Bucket, Key: 'described', Tagging: { TagSet } }));
  expect(await tags()).toEqual(TagSet);
  expect((await content('described')).toString()).toBe('x');
});

test.each([
  ['bytes=0-0', '0', 'bytes 0-0/10'],
  ['bytes=3-5', '345', 'bytes 3-5/10'],
  ['bytes=7-', '789', 'bytes 7-9/10'],
  ['bytes=-2', '89', 'bytes 8-9/10'],
  ['bytes=5-100', '56789', 'bytes 5-9/10'],
  ['bytes=-100', '0123456789', 'bytes 0-9/10'],
])('the range %s', async (Range, expected, contentRange) => {
  await put('digits', '0123456789');
  const got = await client.send(new GetObjectCommand({ Bucket, Key: 'digits', Range }));
  expect(await got.Body?.transformToString()).toBe(expected);
  expect(got.ContentRange).toBe(contentRange);
  expect(got.$metadata.httpStatusCode).toBe(206);
});

test('a range beyond the end is refused', async () => {
  await put('digits', '0123456789');
  const beyond = client.send(new GetObjectCommand({ Bucket, Key: 'digits', Range: 'bytes=10-' }));
  expect(await failure(beyond)).toEqual({ code: 'InvalidRange', status: 416 });
});

test('reads under conditions', async () => {
  const { ETag } = await put('conditional', 'x');
  const get = (conditions: object) => client.send(new GetObjectCommand({ Bucket, Key: 'conditional', ...conditions }));
  await get({ IfMatch: ETag });
  await get({ IfNoneMatch: '"other"' });
  expect((await failure(get({ IfMatch: '"other"' }))).status).toBe(412);
  expect((await failure(get({ IfNoneMatch: ETag }))).status).toBe(304);
  expect((await failure(get({ IfModifiedSince: new Date(Date.now() + 60_000) }))).status).toBe(304);
  await get({ IfModifiedSince: new Date(Date.now() - 60_000) });
  expect((await failure(get({ IfUnmodifiedSince: new Date(Date.now() - 60_000) }))).status).toBe(412);
});

test('writes under conditions', async () => {
  const write = (Body: string, conditions: object, Key = 'once') =>
    client.send(new PutObjectCommand({ Bucket, Key, Body, ...conditions }));
  const { ETag } = await write('first', { IfNoneMatch: '*' });
  expect(await failure(write('second', { IfNoneMatch: '*' }))).toEqual({ code: 'PreconditionFailed', status: 412 });
  expect((await failure(write('third', { IfMatch: '"other"' }))).status).toBe(412);
  expect((await content('once')).toString()).toBe('first');
  await write('fourth', { IfMatch: ETag });
  expect((await content('once')).toString()).toBe('fourth');
  expect(await failure(write('x', { IfMatch: ETag }, 'never'))).toEqual({ code: 'NoSuchKey', status: 404 });
});

test('of twenty create-only puts at once one wins, and what it put is there', async () => {
  const race = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      client.send(new PutObjectCommand({ Bucket, Key: 'race', Body: `writer ${index}`, IfNoneMatch: '*' })),
    ),
  );
  const winners = race.flatMap((result, index) => (result.status === 'fulfilled' ? [index] : []));
  expect(winners).toHaveLength(1);
  expect((await content('race')).toString()).toBe(`writer ${winners[0]}`);
});

test.each([
  'a b+c',
  '../../etc/passwd',
  '/leading',
  'trailing/',
  'a//b',
  './.',
  'ünï/字/😀',
  '%2F%',
  'a?b#c&d=e',
  "~!*'()",
  'x'.repeat(1024),
])('the key "%s" is a key like others', async (Key) => {
  await put(Key, `at ${Key}`);
  expect((await content(Key)).toString()).toBe(`at ${Key}`);
  const { Contents } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: Key }));
  expect(Contents?.[0]?.Key).toBe(Key);
  await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key }] } }));
  expect((await failure(content(Key))).code).toBe('NoSuchKey');
});

test('a key of more than 1024 bytes is refused', async () => {
  expect((await failure(put('é'.repeat(513), 'x'))).code).toBe('KeyTooLongError');
});

test('many objects are deleted at once, and those that are not there count as deleted', async () => {
  await Promise.all(['del/1', 'del/2', 'del/<&>'].map((key) => put(key, 'x')));
  const Objects = ['del/1', 'del/2', 'del/<&>', 'del/none'].map((Key) => ({ Key }));
  const { Deleted, Errors } = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  expect(Deleted?.map(({ Key }) => Key)).toEqual(['del/1', 'del/2', 'del/<&>', 'del/none']);
  expect(Errors).toBeUndefined();
  expect((await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'del/' }))).KeyCount).toBe(0);
});

test('a copy has the content and, as asked, the old or new metadata, and outlives its source', async () => {
  await client.send(new PutObjectCommand({ Bucket, Key: 'source é', Body: 'content', Metadata: { a: '1' } }));
  const CopySource = encodeURIComponent(`${Bucket}/source é`);
  await client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource }));
  await client.send(
    new CopyObjectCommand({ Bucket, Key: 'copy2', CopySource, MetadataDirective: 'REPLACE', Metadata: { b: '2' } }),
  );
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'source é' }));
  expect((await content('copy')).toString()).toBe('content');
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'copy' }));
  expect((await content('copy2')).toString()).toBe('content');
  expect((await client.send(new HeadObjectCommand({ Bucket, Key: 'copy2' }))).Metadata).toEqual({ b: '2' });
  expect((await failure(client.send(new CopyObjectCommand({ Bucket, Key: 'c', CopySource })))).code).toBe('NoSuchKey');
});

test('lib-storage uploads a stream of unknown length in parts', async () => {
  const data = bytes(12 * 1024 * 1024);
  const pieces = Array.from({ length: 12 }, (_, index) => data.subarray(index << 20, (index + 1) << 20));
  const upload = new Upload({ client, params: { Bucket, Key: 'uploaded', Body: Readable.from(pieces) } });
  const { ETag } = await upload.done();
  expect(ETag).toMatch(/^"[0-9a-f]{32}-3"$/);
  expect((await content('uploaded')).equals(data)).toBe(true);
  expect((await content('uploaded', 'bytes=5242870-5242890')).equals(data.subarray(5242870, 5242891))).toBe(true);
  const second = await client.send(new GetObjectCommand({ Bucket, Key: 'uploaded', PartNumber: 2 }));
  expect(second.ContentRange).toBe('bytes 5242880-10485759/12582912');
});

test('presigned URLs work without other credentials, for what they were signed and until they expire', async () => {
  const url = await getSignedUrl(client, new PutObjectCommand({ Bucket, Key: 'signed' }), { expiresIn: 60 });
  expect((await fetch(url, { method: 'PUT', body: 'by url' })).status).toBe(200);
  const got = await getSignedUrl(client, new GetObjectCommand({ Bucket, Key: 'signed' }), { expiresIn: 60 });
  expect(await (await fetch(got)).text()).toBe('by url');
  expect((await fetch(got, { method: 'DELETE' })).status).toBe(403);
  expect((await fetch(got.replace('/signed', '/uploaded'))).status).toBe(403);
  const signingDate = new Date(Date.now() - 3_600_000);
  const old = await getSignedUrl(client, new GetObjectCommand({ Bucket, Key: 'signed' }), {
    expiresIn: 60,
    signingDate,
  });
  const expired = await fetch(old);
  expect(expired.status).toBe(403);
  expect(await expired.text()).toContain('Request has expired');
});

test('an object that is replaced or deleted while it is read is read to its end', async () => {
  const data = bytes(8 * 1024 * 1024);
  await put('slow', data);
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'slow' }));
  await put('slow', 'new');
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'slow' }));
  expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(data)).toBe(true);
});

test('a large body that is refused before it is read does not keep the answer from its sender', async () => {
  const refused = client.send(new PutObjectCommand({ Bucket: 'missing', Key: 'k', Body: bytes(20_000_000) }));
  expect(await failure(refused)).toEqual({ code: 'NoSuchBucket', status: 404 });
});

test('what the store cannot do is refused, not passed over', async () => {
  const lifecycle = new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: [] } });
  expect(await failure(client.send(lifecycle))).toMatchObject({ code: 'NotImplemented', status: 501 });
  const encrypted = new PutObjectCommand({ Bucket, Key: 'e', Body: 'x', ServerSideEncryption: 'AES256' });
  expect((await failure(client.send(encrypted))).code).toBe('NotImplemented');
});
