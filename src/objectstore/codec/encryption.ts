// Client-side encryption of objects (docs/adr/0006): AES-256-GCM in chunks, each object with a key of its own, derived by HKDF-SHA-256
// from the key in the Secret and a random salt. The nonce is the chunk's number and whether it is the last, so that chunks can be
// neither exchanged, repeated, left out nor cut off; the name of the file is authenticated, so that objects cannot be exchanged.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { ByteSource } from './byte-source.ts';
import { type KeyRing, EncryptionError, keyFor } from './key-ring.ts';

/** No format that we store begins with it. */
export const magic = Buffer.from('HOWDAHE1', 'latin1');
const saltSize = 32;
const tagSize = 16;
const nonceSize = 12;
/** Plain bytes of a chunk. */
const chunkSize = 1 << 16;
const algorithm = 'aes-256-gcm';

interface ObjectKey {
  readonly key: Buffer;
  /** Authenticated with each chunk. */
  readonly associated: Buffer;
}

function objectKey(secret: string, header: Buffer, salt: Buffer, context: string): ObjectKey {
  const key = Buffer.from(hkdfSync('sha256', Buffer.from(secret, 'base64'), salt, 'howdah object encryption 1', 32));
  return { key, associated: Buffer.concat([header, Buffer.from(context)]) };
}

function nonceOf(index: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(nonceSize);
  nonce.writeUIntBE(index, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

/** Bytes that encryption adds to `length` plain ones. */
export const encryptedSize = (length: number, { current }: KeyRing): number =>
  magic.length +
  1 +
  Buffer.byteLength(current.id) +
  saltSize +
  length +
  tagSize * Math.max(1, Math.ceil(length / chunkSize));

/** `context` is the file's name: who decrypts must say the same. A salt is used once, or for the very same bytes again. */
export async function* encryptStream(
  source: AsyncIterable<Buffer>,
  { current }: KeyRing,
  context: string,
  salt: Buffer = randomBytes(saltSize),
): AsyncGenerator<Buffer> {
  const id = Buffer.from(current.id, 'latin1');
  const header = Buffer.concat([magic, Buffer.from([id.length]), id, salt]);
  yield header;
  const { key, associated } = objectKey(current.secret, header, salt, context);
  const seal = (chunk: Buffer, index: number, last: boolean): Buffer => {
    const cipher = createCipheriv(algorithm, key, nonceOf(index, last)).setAAD(associated);
    return Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()]);
  };
  const bytes = new ByteSource(source, 'encryption');
  try {
    for (let index = 0; ; index += 1) {
      const chunk = await bytes.upTo(chunkSize);
      const last = (await bytes.peek(1)).length === 0;
      yield seal(chunk, index, last);
      if (last) return;
    }
  } finally {
    await bytes.close();
  }
}

export async function encryptBuffer(data: Buffer, keys: KeyRing, context: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of encryptStream(Readable.from([data]), keys, context)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What is not encrypted comes through as it is: archives are older than their first key. */
export async function* decryptStream(
  source: AsyncIterable<Buffer>,
  keys: KeyRing | undefined,
  context: string,
): AsyncGenerator<Buffer> {
  const bytes = new ByteSource(source, 'encryption');
  try {
    if (!(await bytes.peek(magic.length)).equals(magic)) yield* bytes.rest();
    else yield* decrypted(bytes, keys, context);
  } finally {
    await bytes.close();
  }
}

async function* decrypted(bytes: ByteSource, keys: KeyRing | undefined, context: string): AsyncGenerator<Buffer> {
  const fixed = await bytes.need(magic.length + 1);
  const id = await bytes.need(fixed.at(-1) ?? 0);
  const salt = await bytes.need(saltSize);
  const secret = keyFor(keys, id.toString('latin1'), context).secret;
  const { key, associated } = objectKey(secret, Buffer.concat([fixed, id, salt]), salt, context);
  for (let index = 0; ; index += 1) {
    const chunk = await bytes.upTo(chunkSize + tagSize);
    const last = (await bytes.peek(1)).length === 0;
    if (chunk.length < tagSize) throw new EncryptionError(`"${context}" is cut off`);
    const decipher = createDecipheriv(algorithm, key, nonceOf(index, last)).setAAD(associated);
    decipher.setAuthTag(chunk.subarray(-tagSize));
    const plain = decipher.update(chunk.subarray(0, -tagSize));
    try {
      decipher.final();
    } catch {
      throw new EncryptionError(
        `"${context}" cannot be decrypted with key "${id.toString('latin1')}": the key is another one, or the object is damaged or cut off`,
      );
    }
    if (plain.length > 0) yield plain;
    if (last) return;
  }
}
