import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, request } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openObjectStore } from '../local/objectstore/run.ts';
import { bytes } from '../local/objectstore/testing-client.ts';
import type { TestObjectStore } from '../local/objectstore/testing.ts';
import { startObjectStore } from '../local/objectstore/testing.ts';
import { ObjectStoreError } from './errors.ts';
import type { ObjectStore } from './port.ts';
import type { S3Options } from './s3-options.ts';
import { openLightStore } from './light.ts';
import { openS3Store } from './s3.ts';

let server: TestObjectStore;
let store: ObjectStore & Disposable;

type Handler = (message: IncomingMessage, response: ServerResponse) => void;

/** A server in front of the store that does what a test wants before it passes requests on. */
async function proxy(
  before: (message: IncomingMessage, response: ServerResponse) => boolean,
  after?: (chunk: Buffer) => boolean,
) {
  const handler: Handler = (message, response) => {
    if (before(message, response)) return;
    const { hostname, port } = new URL(server.endpoint);
    // The signed host header goes through as it is, and the store verifies it as the client's own.
    const onward = request({ hostname, port, method: message.method, path: message.url, headers: message.headers });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.on('data', (chunk: Buffer) => {
        if (after?.(chunk)) response.destroy();
        else response.write(chunk);
      });
      answer.on('end', () => response.end());
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    message.pipe(onward);
  };
  const listening: Server = createServer(handler).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(listening.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      listening.closeAllConnections();
      listening.close();
      await once(listening, 'close');
    },
  };
}

const failure = async (work: Promise<unknown>): Promise<ObjectStoreError> => {
  const error = await work.catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ObjectStoreError);
  return error as ObjectStoreError;
};
const content = async (key: string, from: ObjectStore = store): Promise<Buffer> => {
  const found = await from.get(key);
  if (!found) throw new Error(`no ${key}`);
  return Buffer.concat((await found.body.toArray()) as Buffer[]);
};
async function* inPieces(data: Buffer, size = 300_000) {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}

describe.each([
  ['the SDK', openS3Store],
  ['the light client', openLightStore],
] as const)('%s', (_, openStore) => {
  const open = (more: Partial<S3Options> = {}) =>
    openStore({
      bucket: 'data',
      endpoint: server.endpoint,
      attempts: 3,
      ...more,
      credentials: more.credentials ?? server,
    });
  beforeAll(async () => {
    server = await startObjectStore({ buckets: ['data'] });
    store = open();
  });
  afterAll(async () => {
    store[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  });

  test('put, get, head and delete', async () => {
    expect(
      await store.put('a/b', Buffer.from('content'), { metadata: { start: '0/28' }, tags: { kind: 'a b+c' } }),
    ).toBe('created');
    expect(await content('a/b')).toEqual(Buffer.from('content'));
    const head = await store.head('a/b');
    expect(head).toMatchObject({ size: 7, metadata: { start: '0/28' } });
    expect(Math.abs(Date.now() - (head?.lastModified.getTime() ?? 0))).toBeLessThan(10_000);
    const ranged = await store.get('a/b', { range: { start: 2, end: 3 } });
    expect(Buffer.concat((await ranged?.body.toArray()) as Buffer[]).toString()).toBe('nt');
    expect(ranged?.size).toBe(7);
    await store.delete(['a/b', 'not there']);
    expect(await store.get('a/b')).toBeUndefined();
    expect(await store.head('a/b')).toBeUndefined();
  });

  test('a create-only put leaves what is there', async () => {
    expect(await store.put('once', Buffer.from('1'), { ifNoneMatch: true })).toBe('created');
    expect(await store.put('once', Buffer.from('2'), { ifNoneMatch: true })).toBe('exists');
    expect((await content('once')).toString()).toBe('1');
    expect(await store.put('once', Buffer.from('3'))).toBe('created');
  });

  test('a store without conditional writes is asked before and looked at after', async () => {
    let refused = 0;
    await using old = await proxy((message, response) => {
      if (message.headers['if-none-match'] === undefined) return false;
      refused++;
      message.resume();
      response.writeHead(501, { 'content-type': 'application/xml' });
      response.end('<Error><Code>NotImplemented</Code><Message>no</Message></Error>');
      return true;
    });
    using client = open({ endpoint: old.endpoint });
    expect(await client.put('old', Buffer.from('1'), { ifNoneMatch: true })).toBe('created');
    expect(await client.put('old', Buffer.from('2'), { ifNoneMatch: true })).toBe('exists');
    expect((await content('old')).toString()).toBe('1');
    expect(refused).toBe(1);
  });

  test('a listing goes through all pages, with common prefixes in their places', async () => {
    const keys = Array.from({ length: 1100 }, (_, index) => `list/${String(index).padStart(4, '0')}`);
    for (let at = 0; at < keys.length; at += 100) {
      await Promise.all(keys.slice(at, at + 100).map((key) => store.put(key, Buffer.from('x'))));
    }
    await store.put('list/0500/deep', Buffer.from('x'));
    const found: string[] = [];
    for await (const entry of store.list('list/', { delimiter: '/' }))
      found.push(entry.kind === 'object' ? entry.key : entry.prefix);
    expect(found).toEqual([...keys, 'list/0500/'].sort());
    const after: string[] = [];
    for await (const entry of store.list('list/', { startAfter: 'list/1097' }))
      after.push(entry.kind === 'object' ? entry.key : '');
    expect(after).toEqual(['list/1098', 'list/1099']);
    await store.delete([...keys, 'list/0500/deep']);
    for await (const entry of store.list('list/')) throw new Error(`left: ${JSON.stringify(entry)}`);
  });

  test.each([
    [0, 1],
    [1_000_000, 1],
    [5 * 1024 * 1024, 1],
    [5 * 1024 * 1024 + 1, 2],
    [26_000_000, 5],
  ])('%d bytes are uploaded in %d parts', async (size, parts) => {
    const data = bytes(size);
    const options = { partSize: 5 * 1024 * 1024, concurrency: 2, metadata: { a: 'b' } };
    const result = await store.upload('uploaded', inPieces(data), options);
    // A source of exactly one part is known to be at its end only after the upload has begun.
    expect(result).toEqual({ size, parts });
    expect((await content('uploaded')).equals(data)).toBe(true);
    expect((await store.head('uploaded'))?.metadata).toEqual({ a: 'b' });
  });

  test('an upload whose source fails leaves nothing behind', async () => {
    async function* broken() {
      yield* inPieces(bytes(12_000_000));
      throw new Error('the source broke');
    }
    let aborted = 0;
    await using watching = await proxy((message) => {
      if (message.method === 'DELETE' && message.url?.includes('uploadId=')) aborted++;
      return false;
    });
    using client = open({ endpoint: watching.endpoint });
    await expect(client.upload('broken', broken(), { partSize: 5 * 1024 * 1024 })).rejects.toThrow('the source broke');
    expect(await store.head('broken')).toBeUndefined();
    expect(aborted).toBe(1);
  });

  test('an upload that is called off stops its source', async () => {
    const stop = new AbortController();
    let closed = false;
    async function* endless() {
      try {
        for (let count = 0; ; count++) {
          if (count === 20) stop.abort(new Error('called off'));
          yield bytes(1_000_000);
        }
      } finally {
        closed = true;
      }
    }
    await expect(store.upload('endless', endless(), { signal: stop.signal })).rejects.toThrow('called off');
    expect(closed).toBe(true);
    expect(await store.head('endless')).toBeUndefined();
  });

  test('a part that fails for good fails the upload with its own reason', async () => {
    await using denying = await proxy((message, response) => {
      if (!message.url?.includes('partNumber=2')) return false;
      message.resume();
      response.writeHead(403, { 'content-type': 'application/xml' });
      response.end('<Error><Code>AccessDenied</Code><Message>no more</Message></Error>');
      return true;
    });
    using client = open({ endpoint: denying.endpoint });
    const error = await failure(client.upload('denied', inPieces(bytes(40_000_000)), { partSize: 5 * 1024 * 1024 }));
    expect(error.kind).toBe('forbidden');
    expect(error.message).toContain('upload part 2 of "denied" in bucket "data"');
  });

  test('an upload whose completion was done but not answered counts as done', async () => {
    let completions = 0;
    await using forgetful = await proxy(
      (message, response) => {
        if (message.method !== 'POST' || !message.url?.includes('uploadId=') || ++completions === 1) return false;
        message.resume();
        response.writeHead(404, { 'content-type': 'application/xml' });
        response.end('<Error><Code>NoSuchUpload</Code><Message>gone</Message></Error>');
        return true;
      },
      (chunk) => chunk.includes('CompleteMultipartUploadResult'),
    );
    using client = open({ endpoint: forgetful.endpoint });
    const data = bytes(6_000_000);
    await client.upload('forgotten', inPieces(data), { partSize: 5 * 1024 * 1024 });
    expect((await content('forgotten')).equals(data)).toBe(true);
    expect(completions).toBe(2);
  });

  test('what is transient is tried again, a lost connection too', async () => {
    let failures = 0;
    await using flaky = await proxy((message, response) => {
      if (message.method !== 'PUT' || failures >= 2) return false;
      failures++;
      if (failures === 1) message.socket.destroy();
      else {
        message.resume();
        response.writeHead(503, { 'content-type': 'application/xml' });
        response.end('<Error><Code>SlowDown</Code><Message>slow down</Message></Error>');
      }
      return true;
    });
    using client = open({ endpoint: flaky.endpoint });
    expect(await client.put('flaky', Buffer.from('x'))).toBe('created');
    expect(failures).toBe(2);
  });

  test('a store that asks to be left alone for a while is', async () => {
    const asked: number[] = [];
    await using busy = await proxy((message, response) => {
      asked.push(performance.now());
      if (asked.length > 1) return false;
      message.resume();
      response.writeHead(503, { 'content-type': 'application/xml', 'retry-after': '1' });
      response.end('<Error><Code>SlowDown</Code><Message>slow down</Message></Error>');
      return true;
    });
    using client = open({ endpoint: busy.endpoint });
    expect(await client.put('busy', Buffer.from('x'))).toBe('created');
    expect((asked[1] ?? 0) - (asked[0] ?? 0)).toBeGreaterThanOrEqual(990);
  });

  test('a store whose clock is another one is asked by its clock', async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'howdah-s3-'));
    const hours = 3_600_000 * (openStore === openLightStore ? -5 : 5);
    const start = { dataDir, address: '127.0.0.1', port: 0, buckets: ['data'], credentials: server };
    const shifted = await openObjectStore({ ...start, now: () => Date.now() + hours });
    using client = open({ endpoint: shifted.endpoint });
    expect(await client.put('k', Buffer.from('x'))).toBe('created');
    expect((await content('k', client)).toString()).toBe('x');
    await shifted[Symbol.asyncDispose]();
    await rm(dataDir, { recursive: true });
  });

  test('a read whose connection breaks goes on where it was', async () => {
    const data = bytes(6_000_000);
    await store.put('long', data);
    let passed = 0;
    let cuts = 0;
    await using cutting = await proxy(
      () => false,
      (chunk) => {
        passed += chunk.length;
        if (cuts >= 3 || passed < 1_000_000) return false;
        passed = 0;
        cuts++;
        return true;
      },
    );
    using client = open({ endpoint: cutting.endpoint });
    expect((await content('long', client)).equals(data)).toBe(true);
    expect(cuts).toBe(3);
    passed = cuts = 0;
    const ranged = await client.get('long', { range: { start: 500_000, end: 4_999_999 } });
    const part = Buffer.concat((await ranged?.body.toArray()) as Buffer[]);
    expect(part.equals(data.subarray(500_000, 5_000_000))).toBe(true);
  });

  test('a body that is damaged on its way is an error', async () => {
    const data = bytes(500_000);
    await store.put('damaged', data);
    await using damaging = await proxy(
      () => false,
      (chunk) => {
        chunk[0]! ^= 1;
        return false;
      },
    );
    using client = open({ endpoint: damaging.endpoint });
    const error = await failure(content('damaged', client));
    expect(error.kind).toBe('corrupt');
  });

  test.each<[string, ObjectStoreError['kind'], string, () => Partial<S3Options>]>([
    ['no server', 'unreachable', 'ECONNREFUSED', () => ({ endpoint: 'http://127.0.0.1:9' })],
    ['no such host', 'unreachable', 'ENOTFOUND|EAI_AGAIN', () => ({ endpoint: 'http://no-such-host.invalid' })],
    ['no bucket', 'no-such-bucket', 'NoSuchBucket', () => ({ bucket: 'missing' })],
    [
      'a wrong secret',
      'forbidden',
      'SignatureDoesNotMatch',
      () => ({ credentials: { accessKeyId: 'test', secretAccessKey: 'hidden' } }),
    ],
    [
      'a wrong id',
      'forbidden',
      'InvalidAccessKeyId',
      () => ({ credentials: { accessKeyId: 'nobody', secretAccessKey: 'hidden' } }),
    ],
  ])('%s is "%s", with endpoint and bucket and without the secret', async (_, kind, code, options) => {
    using client = open({ attempts: 2, ...options() });
    const error = await failure(client.put('k', Buffer.from('x')));
    expect(error.kind).toBe(kind);
    expect(error.message).toMatch(new RegExp(code));
    expect(error.message).toContain(options().endpoint ?? server.endpoint);
    expect(error.message).toContain(`bucket "${options().bucket ?? 'data'}"`);
    expect(JSON.stringify(error) + error.message + String(error.stack)).not.toContain('hidden');
  });

  test.each<[number, ObjectStoreError['kind']]>([
    [500, 'failing'],
    [502, 'failing'],
    [503, 'throttled'],
    [400, 'other'],
  ])('HTTP %d without a word is "%s"', async (status, kind) => {
    await using broken = await proxy((message, response) => {
      message.resume();
      response.writeHead(status).end();
      return true;
    });
    using client = open({ endpoint: broken.endpoint, attempts: 2 });
    expect((await failure(client.head('k'))).kind).toBe(kind);
  });

  test('a server that does not answer counts as unreachable after the deadline of each attempt', async () => {
    await using silent = await proxy(() => true);
    using client = open({ endpoint: silent.endpoint, attemptTimeoutMs: 100, attempts: 2 });
    const error = await failure(client.head('k'));
    expect(error.kind).toBe('unreachable');
    expect(error.message).toContain('Timeout');
  });

  test('an aborted call throws its reason', async () => {
    await using silent = await proxy(() => true);
    using client = open({ endpoint: silent.endpoint });
    const stop = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => stop.abort(reason), 50);
    await expect(client.put('k', Buffer.from('x'), { signal: stop.signal })).rejects.toBe(reason);
  });

  test('unfinished uploads below a prefix are given up, and no others', async () => {
    await using deaf = await proxy((message, response) => {
      if (message.method !== 'DELETE' && message.method !== 'POST') return false;
      if (message.url?.includes('uploads')) return false;
      response.writeHead(403).end();
      return true;
    });
    using dying = open({ endpoint: deaf.endpoint, attempts: 1 });
    for (const key of ['left/a b', 'left/c', 'other/d']) {
      await failure(dying.upload(key, inPieces(bytes(6_000_000)), { partSize: 5 * 1024 * 1024 }));
    }
    expect(await store.abortUploads('left/')).toBe(2);
    expect(await store.abortUploads('left/')).toBe(0);
    expect(await store.abortUploads('')).toBe(1);
  });
});
