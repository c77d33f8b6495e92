import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { createDeflate, constants } from 'node:zlib';
import { afterEach, expect, test } from '@jest/globals';
import { headerDictionary, HeaderReader, HeaderWriter } from './spdy-headers.ts';
import { SpdyConnection, type SpdyStream } from './spdy.ts';

const cleanups: (() => void)[] = [];
afterEach(() => cleanups.splice(0).forEach((clean) => clean()));

test('the dictionary is the one of the protocol', () => {
  const dictionary = headerDictionary();
  let [a, b] = [1, 0];
  for (const byte of dictionary) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  expect([dictionary.length, ((b << 16) | a) >>> 0]).toEqual([1423, 0xe3c6a7c2]);
});

const pairs = (headers: Record<string, string>): Buffer => {
  const text = (value: string): Buffer => Buffer.concat([words(value.length), Buffer.from(value)]);
  const entries = Object.entries(headers);
  return Buffer.concat([words(entries.length), ...entries.flatMap(([name, value]) => [text(name), text(value)])]);
};
function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value >>> 0, index * 4));
  return bytes;
}

/** Compresses as Go's library does: one stream, flushed after each block. */
function compressor(): (headers: Record<string, string>) => Promise<Buffer> {
  const deflate = createDeflate({ dictionary: headerDictionary() });
  return (headers) =>
    new Promise((resolve) => {
      deflate.write(pairs(headers));
      deflate.flush(constants.Z_SYNC_FLUSH, () => resolve(deflate.read() as Buffer));
    });
}

test('header blocks are read one after another, compressed or stored', async () => {
  const compress = compressor();
  const reader = new HeaderReader();
  const first = { streamtype: 'error', requestid: '0', port: '8080' };
  expect(await reader.read(await compress(first))).toEqual(first);
  expect(await reader.read(await compress({ ...first, streamtype: 'data' }))).toEqual({ ...first, streamtype: 'data' });
  const [stored, writer] = [new HeaderReader(), new HeaderWriter()];
  for (const headers of [{ a: '1' }, {}, { b: '2' }]) expect(await stored.read(writer.write(headers))).toEqual(headers);
});

async function connected(): Promise<{ client: Socket; connection: SpdyConnection }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [socket] = (await once(server, 'connection')) as [Socket];
  const connection = new SpdyConnection(socket);
  cleanups.push(
    () => [client, socket].forEach((one) => one.destroy()),
    () => server.close(),
  );
  return { client, connection };
}

const control = (kind: number, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0x80, 3, 0, kind]), words(payload.length), payload]);

test('a stream carries data both ways, is echoed, and ends in halves', async () => {
  const { client, connection } = await connected();
  connection.on('stream', (stream: SpdyStream) => stream.pipe(stream));
  void connection.run();
  const block = await compressor()({ streamtype: 'data' });
  client.write(control(1, Buffer.concat([words(1, 0), Buffer.alloc(2), block])));
  client.write(Buffer.concat([words(1, 5), Buffer.from('hello')]));
  client.write(Buffer.concat([words(1, 0x01000000)]));
  let bytes = Buffer.alloc(0);
  client.on('data', (chunk: Buffer) => (bytes = Buffer.concat([bytes, chunk])));
  const fin = words(1, 0x01000000);
  while (!bytes.includes(fin)) await once(client, 'data');
  expect(bytes.readUInt16BE(2)).toBe(2);
  expect(bytes.includes('hello')).toBe(true);
});

test('a ping is answered and nonsense ends the connection', async () => {
  const { client, connection } = await connected();
  const running = connection.run();
  const ping = control(6, words(7));
  client.write(ping);
  const [answer] = (await once(client, 'data')) as [Buffer];
  expect(answer).toEqual(ping);
  client.write(control(1, Buffer.alloc(30, 0xff)));
  await running;
  expect(connection.listenerCount('stream')).toBe(0);
});
