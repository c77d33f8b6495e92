import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { RawRequest } from './testing-signer.ts';
import { errorCode, send, sendSigned, signChunks, signRequest } from './testing-signer.ts';
import { bytes } from './testing-client.ts';
import type { TestObjectStore } from './testing.ts';
import { startObjectStore } from './testing.ts';

let store: TestObjectStore;
beforeAll(async () => {
  store = await startObjectStore({ buckets: ['data'] });
});
afterAll(async () => store[Symbol.asyncDispose]());

const get: RawRequest = { method: 'GET', path: '/data/key' };
const put = (body: string | Buffer, more: Partial<RawRequest> = {}): RawRequest => ({
  method: 'PUT',
  path: '/data/key',
  body: [Buffer.from(body as string)],
  ...more,
});
const crc = (data: Buffer): string => {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(crc32(data));
  return four.toString('base64');
};

test('a request signed by hand is taken, whatever its region', async () => {
  expect((await sendSigned(store, put('content'))).status).toBe(200);
  expect(await sendSigned(store, get)).toMatchObject({ status: 200, body: 'content' });
});

test('the order of the query, escapes and spaces in headers are made canonical', async () => {
  const list = { method: 'GET', path: '/data', query: 'delimiter=%2F&list-type=2&prefix=a%20b' };
  expect((await sendSigned(store, list)).status).toBe(200);
  const shuffled = { ...list, query: 'prefix=a+b&list-type=2&delimiter=/' };
  expect((await send(store, shuffled, signRequest(store, list).headers)).status).toBe(200);
  const spaced = put('x', { headers: { 'x-amz-meta-a': 'one two' } });
  const { headers } = signRequest(store, spaced);
  expect((await send(store, spaced, { ...headers, 'x-amz-meta-a': '  one   two ' })).status).toBe(200);
});

test.each<[string, string, (headers: Record<string, string>) => Record<string, string>]>([
  ['no signature', 'AccessDenied', ({ authorization: _, ...headers }) => headers],
  [
    'another signature',
    'SignatureDoesNotMatch',
    (h) => ({ ...h, authorization: h['authorization']!.replace(/.$/, (c) => (c === '0' ? '1' : '0')) }),
  ],
  [
    'another key id',
    'InvalidAccessKeyId',
    (h) => ({ ...h, authorization: h['authorization']!.replace('test/', 'tess/') }),
  ],
  ['a changed header', 'SignatureDoesNotMatch', (h) => ({ ...h, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' })],
  ['an unsigned x-amz header', 'AccessDenied', (h) => ({ ...h, 'x-amz-meta-more': '1' })],
  ['an unsigned host', 'AccessDenied', (h) => ({ ...h, authorization: h['authorization']!.replace('host;', '') })],
  [
    'another service',
    'AuthorizationHeaderMalformed',
    (h) => ({ ...h, authorization: h['authorization']!.replace('/s3/', '/sts/') }),
  ],
  ['version 2', 'AuthorizationHeaderMalformed', (h) => ({ ...h, authorization: 'AWS test:abc' })],
])('%s: %s', async (_, code, change) => {
  const answer = await send(store, get, change(signRequest(store, get).headers));
  expect(errorCode(answer)).toBe(code);
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.body).not.toContain(store.secretAccessKey);
});

test.each([
  [-14, 200],
  [14, 200],
  [-16, 403],
  [16, 403],
])('a clock that is %d minutes off: %d', async (minutes, status) => {
  await sendSigned(store, put('content'));
  const answer = await sendSigned(store, { ...get, at: new Date(Date.now() + minutes * 60_000) });
  expect(answer.status).toBe(status);
  if (status === 403) expect(errorCode(answer)).toBe('RequestTimeTooSkewed');
});

test('a body that is not the signed one is refused and what was there stays', async () => {
  await sendSigned(store, put('content'));
  const signed = signRequest(store, put('good'));
  const answer = await send(store, put('evil'), signed.headers);
  expect(errorCode(answer)).toBe('XAmzContentSHA256Mismatch');
  expect((await sendSigned(store, get)).body).toBe('content');
  expect((await sendSigned(store, put('any', { payload: 'UNSIGNED-PAYLOAD' }))).status).toBe(200);
  expect(errorCode(await sendSigned(store, put('any', { payload: 'nonsense' })))).toBe('InvalidArgument');
});

const data = bytes(200_000);
const pieces = [data.subarray(0, 65_536), data.subarray(65_536, 65_540), data.subarray(65_540)];

function chunked(payload: string, headers: Record<string, string> = {}): RawRequest {
  return {
    method: 'PUT',
    path: '/data/chunked',
    payload,
    headers: { 'x-amz-decoded-content-length': String(data.length), 'content-encoding': 'aws-chunked', ...headers },
  };
}
const stored = async (): Promise<string | undefined> => {
  const answer = await sendSigned(store, { method: 'GET', path: '/data/chunked' });
  return answer.status === 200 ? String(answer.headers['etag']) : undefined;
};
const md5 = `"${createHash('md5').update(data).digest('hex')}"`;
const remove = () => sendSigned(store, { method: 'DELETE', path: '/data/chunked' });

test('signed chunks', async () => {
  await remove();
  const raw = chunked('STREAMING-AWS4-HMAC-SHA256-PAYLOAD');
  const { headers, signing } = signRequest(store, raw);
  const body = Buffer.concat(signChunks(signing, pieces));
  // Cut where it is awkward: within a chunk's header and within its last line.
  const cuts = [0, 3, 90, 65_700, body.length - 3, body.length];
  const cut = cuts.slice(1).map((end, index) => body.subarray(cuts[index], end));
  expect((await send(store, { ...raw, body: cut }, headers)).status).toBe(200);
  expect(await stored()).toBe(md5);
});

test('a chunk that is changed, left out or moved is refused', async () => {
  await remove();
  const raw = chunked('STREAMING-AWS4-HMAC-SHA256-PAYLOAD');
  const { headers, signing } = signRequest(store, raw);
  const good = signChunks(signing, pieces);
  const changed = good.map((chunk) => Buffer.from(chunk));
  changed[2]![300]! ^= 1;
  expect(errorCode(await send(store, { ...raw, body: changed }, headers))).toBe('SignatureDoesNotMatch');
  const moved = [good[1]!, good[0]!, ...good.slice(2)];
  expect(errorCode(await send(store, { ...raw, body: moved }, headers))).toBe('SignatureDoesNotMatch');
  const short = [good[0]!, ...good.slice(2)];
  expect((await send(store, { ...raw, body: short }, headers)).status).toBeGreaterThanOrEqual(400);
  const unsigned = [Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n0\r\n\r\n')];
  expect(errorCode(await send(store, { ...raw, body: unsigned }, headers))).toBe('SignatureDoesNotMatch');
  const cut = good.slice(0, 2);
  expect(errorCode(await send(store, { ...raw, body: cut }, headers))).toBe('IncompleteBody');
  expect(await stored()).toBeUndefined();
});

test.each(['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'])(
  '%s: the checksum in the trailer counts',
  async (payload) => {
    await remove();
    const raw = chunked(payload, { 'x-amz-trailer': 'x-amz-checksum-crc32' });
    const { headers, signing } = signRequest(store, raw);
    const framed = (value: string): Buffer[] =>
      payload.startsWith('STREAMING-UNSIGNED')
        ? [
            ...pieces.flatMap((piece) => [Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]),
            Buffer.from(`0\r\nx-amz-checksum-crc32:${value}\r\n\r\n`),
          ]
        : signChunks(signing, pieces, { 'x-amz-checksum-crc32': value });
    expect(errorCode(await send(store, { ...raw, body: framed('AAAAAA==') }, headers))).toBe('BadDigest');
    expect(await stored()).toBeUndefined();
    expect((await send(store, { ...raw, body: framed(crc(data)) }, headers)).status).toBe(200);
    expect(await stored()).toBe(md5);
  },
);

test('a trailer that is changed or does not come is refused', async () => {
  await remove();
  const raw = chunked('STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', { 'x-amz-trailer': 'x-amz-checksum-crc32' });
  const { headers, signing } = signRequest(store, raw);
  const good = signChunks(signing, pieces, { 'x-amz-checksum-crc32': crc(data) });
  const last = good.at(-1)!.toString();
  const resigned = [...good.slice(0, -1), Buffer.from(last.replace(/signature:./, 'signature:z'))];
  expect(errorCode(await send(store, { ...raw, body: resigned }, headers))).toBe('SignatureDoesNotMatch');
  const without = signChunks(signing, pieces, {});
  expect(errorCode(await send(store, { ...raw, body: without }, headers))).toBe('InvalidRequest');
  expect(await stored()).toBeUndefined();
});

test.each(['zz\r\n', '-1\r\n', '5;x\r\nabc', '3\r\nabcdef\r\n0\r\n\r\n', '\r\n', `${'0'.repeat(40_000)}`])(
  'malformed framing %#',
  async (text) => {
    const raw = chunked('STREAMING-UNSIGNED-PAYLOAD-TRAILER', { 'x-amz-trailer': 'x-amz-checksum-crc32' });
    const answer = await send(store, { ...raw, body: [Buffer.from(text)] }, signRequest(store, raw).headers);
    expect(answer.status).toBe(400);
  },
);

test('bad targets and bodies are answered, not followed', async () => {
  expect(errorCode(await sendSigned(store, { method: 'GET', path: '/data/%ff' }))).toBe('InvalidURI');
  expect(errorCode(await sendSigned(store, { method: 'GET', path: '/data/%zz' }))).toBe('InvalidURI');
  const body = [Buffer.from('<!DOCTYPE a [<!ENTITY b "c">]><Delete><Object><Key>&b;</Key></Object></Delete>')];
  const md5Header = createHash('md5').update(body[0]!).digest('base64');
  const remove = { method: 'POST', path: '/data', query: 'delete=', body, headers: { 'content-md5': md5Header } };
  expect(errorCode(await sendSigned(store, remove))).toBe('MalformedXML');
  expect(errorCode(await sendSigned(store, { ...remove, headers: {} }))).toBe('InvalidRequest');
  expect(errorCode(await sendSigned(store, { method: 'PATCH', path: '/data/key' }))).toBe('MethodNotAllowed');
  expect(errorCode(await sendSigned(store, { method: 'GET', path: '/data/key', query: 'acl=' }))).toBe(
    'NotImplemented',
  );
});
