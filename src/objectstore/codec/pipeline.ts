// How the bytes of a file become those of an object and back: compressed, then encrypted. One pipeline for WAL and base backups.
import { Readable } from 'node:stream';
import type { ArchiveCompression } from '../layout.ts';
import { type Compression, compressStream, decompressStream } from './compression.ts';
import { decryptStream, encryptBuffer, encryptStream } from './encryption.ts';
import type { KeyRing } from './key-ring.ts';

/** User metadata of an encrypted object: whose key it needs, seen without reading it. */
export const keyMetadata = 'howdah-key-id';

export interface Encoding {
  readonly compression: Compression;
  /** Undefined: not encrypted. */
  readonly keys: KeyRing | undefined;
  /** Name of the file, authenticated when it is encrypted: `data.tar` of backup `20261123T090807` is `20261123T090807/data.tar`. */
  readonly context: string;
  /** So that the same bytes come out again; else random. */
  readonly salt?: Buffer | undefined;
}

export interface Decoding {
  readonly compression: ArchiveCompression;
  readonly keys: KeyRing | undefined;
  readonly context: string;
}

/** What an object is stored with because of how it is encoded. */
export const encodingMetadata = ({ keys }: Pick<Encoding, 'keys'>): Readonly<Record<string, string>> =>
  keys ? { [keyMetadata]: keys.current.id } : {};

/** A failing source fails the result, and who stops reading stops the source. A chunk of `plain` is not used any more when the next is asked for. */
export const encodeStream = (encoding: Encoding, plain: AsyncIterable<Buffer>): AsyncIterable<Buffer> =>
  sealStream(encoding, compressStream(encoding.compression, plain));

/** For who compresses by itself, in several frames at once: the second half of `encodeStream`. */
export const sealStream = (
  { keys, context, salt }: Pick<Encoding, 'keys' | 'context' | 'salt'>,
  packed: AsyncIterable<Buffer>,
): AsyncIterable<Buffer> => (keys ? encryptStream(packed, keys, context, salt) : packed);

/** A small file that is not compressed (manifests). */
export const sealBuffer = async (
  { keys, context }: Pick<Encoding, 'keys' | 'context'>,
  packed: Buffer,
): Promise<Buffer> => (keys ? encryptBuffer(packed, keys, context) : packed);

/** What `sealStream` was given, and what was never sealed. A missing or wrong key fails before the first byte comes out. */
export const openStream = (
  { keys, context }: Pick<Decoding, 'keys' | 'context'>,
  sealed: AsyncIterable<Buffer>,
): AsyncIterable<Buffer> => decryptStream(sealed, keys, context);

export async function openBuffer(sealing: Pick<Decoding, 'keys' | 'context'>, sealed: Buffer): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of openStream(sealing, Readable.from([sealed]))) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** For what ObjectStore.get gives, encrypted or not. A missing or wrong key fails before the first byte comes out. */
export function decodeStream({ compression, keys, context }: Decoding, body: Readable): Readable {
  const opened = Readable.from(decryptStream(body, keys, context), { objectMode: false });
  opened.once('close', () => body.destroy());
  return decompressStream(compression, opened);
}
