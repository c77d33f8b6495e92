import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatLsn } from '../../postgres/lsn.ts';
import { BaseBackup, baseBackupCommand } from './base-backup.ts';
import type { ReplicationConnection } from './connection.ts';
import { type Message, MessageReader, ServerError, parseServerError, queryMessage } from './messages.ts';

const row = (...values: (string | null)[]): Message => {
  const parts: Buffer[] = [Buffer.from([0, values.length])];
  for (const value of values) {
    const length = Buffer.alloc(4);
    length.writeInt32BE(value === null ? -1 : Buffer.byteLength(value));
    parts.push(length, Buffer.from(value ?? ''));
  }
  return { type: 'D', payload: Buffer.concat(parts) };
};
const plain = (type: string): Message => ({ type, payload: Buffer.alloc(0) });
const copy = (text: string): Message => ({ type: 'd', payload: Buffer.from(text) });
const head = [
  ...[plain('T'), row('0/2000028', '10'), plain('C')],
  ...[plain('T'), row('16384', '/mnt/t', '7'), row(null, null, '100'), plain('C')],
];
const tail = [plain('T'), row('0/2000120', '10'), plain('C'), plain('C')];

async function receive(major: number, messages: readonly Message[]) {
  const connection = {
    async *send(): AsyncGenerator<Message> {
      yield* messages;
    },
  } as unknown as ReplicationConnection;
  const options = { label: 'x', checkpoint: 'fast', waitForArchive: false } as const;
  const backup = await BaseBackup.begin(connection, major, options);
  const archives: [string | undefined, string, string][] = [];
  for await (const { oid, location, content } of backup.archives()) {
    const chunks: Buffer[] = [];
    for await (const chunk of content) chunks.push(chunk);
    archives.push([oid, location, Buffer.concat(chunks).toString()]);
  }
  return { backup, archives };
}

test('a backup in the framing of PostgreSQL 15 and later', async () => {
  const { backup, archives } = await receive(18, [
    ...head,
    ...[plain('H'), copy('n16384.tar\0/mnt/t\0'), copy('dAB'), copy('p12345678'), copy('dC')],
    ...[copy('nbase.tar\0\0'), copy('dDE'), copy('m'), copy('d{}'), plain('c')],
    ...tail,
  ]);
  expect(archives).toEqual([
    ['16384', '/mnt/t', 'ABC'],
    [undefined, '', 'DE'],
  ]);
  expect(backup.manifest.toString()).toBe('{}');
  expect([formatLsn(backup.start.lsn), backup.start.timeline, formatLsn(backup.stop.lsn)]).toEqual([
    '0/2000028',
    10,
    '0/2000120',
  ]);
});

test('a backup in the framing of PostgreSQL 13 and 14', async () => {
  const copyOf = (...parts: string[]): Message[] => [plain('H'), ...parts.map(copy), plain('c')];
  const { backup, archives } = await receive(14, [
    ...head,
    ...copyOf('A', 'B'),
    ...copyOf('nC'),
    ...copyOf('{', '}'),
    ...tail,
  ]);
  expect(archives).toEqual([
    ['16384', '/mnt/t', 'AB'],
    [undefined, '', 'nC'],
  ]);
  expect(backup.manifest.toString()).toBe('{}');
});

test('a backup that ends without a manifest is an error', async () => {
  await expect(
    receive(18, [...head, plain('H'), copy('nbase.tar\0\0'), copy('dX'), plain('c'), ...tail]),
  ).rejects.toThrow('no manifest');
  await expect(receive(18, head.slice(0, 3))).rejects.toThrow('before the backup began');
  await expect(receive(18, [...head, plain('H'), copy('n../x.tar\0\0')])).rejects.toThrow('unexpected archive');
});

test('the command quotes its label and knows the server', () => {
  const options = { label: `o'clock`, checkpoint: 'spread', waitForArchive: true, maxRate: 64 } as const;
  expect(baseBackupCommand(15, options)).toBe(
    `BASE_BACKUP (LABEL 'o''clock', CHECKPOINT 'spread', WAIT true, TABLESPACE_MAP true, MANIFEST 'yes', MANIFEST_CHECKSUMS 'SHA256', MAX_RATE 64)`,
  );
  expect(baseBackupCommand(13, { ...options, waitForArchive: false })).toBe(
    `BASE_BACKUP LABEL 'o''clock' NOWAIT MAX_RATE 64 TABLESPACE_MAP MANIFEST 'yes' MANIFEST_CHECKSUMS 'SHA256'`,
  );
});

test('messages are the same wherever their bytes are cut', () => {
  const wire = fc.array(
    fc.record({ type: fc.constantFrom('d', 'D', 'Z'), payload: fc.uint8Array({ maxLength: 300 }) }),
  );
  fc.assert(
    fc.property(wire, fc.array(fc.nat(), { maxLength: 20 }), (messages, cuts) => {
      const bytes = Buffer.concat(
        messages.map(({ type, payload }) => {
          const start = Buffer.alloc(5);
          start.write(type);
          start.writeUInt32BE(payload.length + 4, 1);
          return Buffer.concat([start, payload]);
        }),
      );
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      const reader = new MessageReader();
      const found: Message[] = [];
      for (let index = 1; index < places.length; index += 1) {
        // The reader's memory, and the chunk's, are used again.
        const chunk = Buffer.from(bytes.subarray(places[index - 1], places[index]));
        for (const { type, payload } of reader.push(chunk)) found.push({ type, payload: Buffer.from(payload) });
        chunk.fill(0xff);
      }
      expect(found.map(({ type, payload }) => ({ type, payload: [...payload] }))).toEqual(
        messages.map(({ type, payload }) => ({ type, payload: [...payload] })),
      );
    }),
  );
  expect([...queryMessage('X')]).toEqual([0x51, 0, 0, 0, 6, 0x58, 0]);
});

test('an error of the server keeps its code and detail', () => {
  const error = parseServerError(Buffer.from('SERROR\0C42710\0Mit exists\0Dtwice\0\0'));
  expect(error).toBeInstanceOf(ServerError);
  expect([error.code, error.message]).toEqual(['42710', 'it exists (twice)']);
});
