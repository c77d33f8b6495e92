import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encryptBuffer, encryptedSize } from './encryption.ts';
import { type KeyRing, parseKeyRing } from './key-ring.ts';
import { decodeStream, encodeStream } from './pipeline.ts';

const secret = randomBytes(32);
const ring = (data: Record<string, string | Buffer>): KeyRing =>
  parseKeyRing(
    Object.fromEntries(Object.entries(data).map(([id, value]) => [id, Buffer.from(value)])),
    'Secret "keys"',
  );
const first = ring({ first: secret.toString('base64') });
const second = ring({ first: secret.toString('base64'), second: randomBytes(32).toString('hex'), current: 'second\n' });

async function open(body: Buffer, keys: KeyRing | undefined, context = 'f'): Promise<Buffer> {
  const chunks = await decodeStream({ compression: 'none', keys, context }, Readable.from([body])).toArray();
  return Buffer.concat(chunks as Buffer[]);
}

test('a source that uses its memory again for the next chunk is encrypted as it was', async () => {
  const plain = randomBytes(500_000);
  async function* again(): AsyncGenerator<Buffer> {
    const memory = Buffer.alloc(9_000);
    for (let at = 0; at < plain.length; at += memory.length) {
      await Promise.resolve();
      yield memory.subarray(0, plain.copy(memory, 0, at));
    }
  }
  const sealed: Buffer[] = [];
  const encoding = { compression: 'none', keys: first, context: 'f' } as const;
  for await (const chunk of encodeStream(encoding, again())) sealed.push(Buffer.from(chunk));
  expect((await open(Buffer.concat(sealed), first)).equals(plain)).toBe(true);
});

test('what was encrypted comes back, whatever its length and how it comes', async () => {
  const size = fc.oneof(
    fc.constantFrom(0, 1, 65_535, 65_536, 65_537, 131_072, 200_000),
    fc.integer({ min: 0, max: 200_000 }),
  );
  await fc.assert(
    fc.asyncProperty(size, fc.integer({ min: 100, max: 90_000 }), async (length, cut) => {
      const plain = randomBytes(length);
      const sealed = await encryptBuffer(plain, first, 'f');
      expect(sealed.length).toBe(encryptedSize(length, first));
      const pieces = Array.from({ length: Math.ceil(sealed.length / cut) }, (_, i) =>
        sealed.subarray(i * cut, (i + 1) * cut),
      );
      const opened = decodeStream({ compression: 'none', keys: first, context: 'f' }, Readable.from(pieces));
      expect(Buffer.concat((await opened.toArray()) as Buffer[]).equals(plain)).toBe(true);
    }),
    { numRuns: 30 },
  );
});

test('any change, cut or exchange is an error before the changed part comes out', async () => {
  const plain = randomBytes(150_000);
  const sealed = await encryptBuffer(plain, first, 'f');
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 8, max: sealed.length - 1 }), async (at) => {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      await expect(open(changed, first)).rejects.toThrow();
      await expect(open(sealed.subarray(0, at), first)).rejects.toThrow();
    }),
    { numRuns: 40 },
  );
  await expect(open(sealed, first, 'another name')).rejects.toThrow('cannot be decrypted');
  const header = sealed.length - 150_000 - 3 * 16;
  const [a, b] = [sealed.subarray(header, header + 65_552), sealed.subarray(header + 65_552, header + 131_104)];
  const swapped = Buffer.concat([sealed.subarray(0, header), b, a, sealed.subarray(header + 131_104)]);
  await expect(open(swapped, first)).rejects.toThrow('cannot be decrypted');
  await expect(open(Buffer.concat([sealed, Buffer.from('x')]), first)).rejects.toThrow();
});

test('a key that was rotated out still reads; one that is missing or another is named', async () => {
  const sealed = await encryptBuffer(Buffer.from('text'), first, 'f');
  expect(String(await open(sealed, second))).toBe('text');
  const newer = await encryptBuffer(Buffer.from('text'), second, 'f');
  await expect(open(newer, first)).rejects.toThrow('"f" is encrypted with key "second": the Secret has "first"');
  await expect(open(newer, undefined)).rejects.toThrow('no Secret with keys is named');
  const other = ring({ first: randomBytes(32).toString('base64') });
  await expect(open(sealed, other)).rejects.toThrow('cannot be decrypted with key "first"');
});

test('what is not encrypted is read with or without keys', async () => {
  for (const keys of [undefined, first]) {
    expect(String(await open(Buffer.from('plain'), keys))).toBe('plain');
    expect((await open(Buffer.alloc(0), keys)).length).toBe(0);
  }
});

test('compressed and then encrypted, and back', async () => {
  const plain = Buffer.from('wal '.repeat(100_000));
  const encoding = { compression: 'zstd', keys: second, context: 'f' } as const;
  const chunks: Buffer[] = [];
  for await (const chunk of encodeStream(encoding, Readable.from([plain]))) chunks.push(chunk);
  const stored = Buffer.concat(chunks);
  expect(stored.length).toBeLessThan(plain.length / 10);
  expect(stored.includes('wal wal')).toBe(false);
  expect(
    Buffer.concat((await decodeStream(encoding, Readable.from([stored])).toArray()) as Buffer[]).equals(plain),
  ).toBe(true);
});

test.each([
  [{}, 'holds no key'],
  [{ a: 'short' }, '"a" is no key: 32 bytes are wanted'],
  [{ a: randomBytes(32), b: randomBytes(32) }, 'holds 2 keys: its entry "current" must name'],
  [{ a: randomBytes(32), current: 'b' }, 'its entry "current" names "b", and there is no such key'],
])('a Secret that cannot be used is explained (%#)', (data, message) => {
  expect(() => ring(data)).toThrow(message);
});
