// WAL files as objects of an archive: written once, compared by the digest of their plain bytes, read whatever their compression.
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { compressBuffer } from '../../objectstore/codec/compression.ts';
import { decodeStream, encodingMetadata, sealBuffer } from '../../objectstore/codec/pipeline.ts';
import { type ArchiveCompression, parseArchiveKey, walKey } from '../../objectstore/layout.ts';
import type { ObjectBody } from '../../objectstore/port.ts';
import { parseWalName } from '../../postgres/wal-name.ts';
import type { Archive } from './archive-source.ts';

/** The archive holds other bytes under this name. Nothing may be overwritten, so a person has to look. */
export class WalConflictError extends Error {
  constructor(key: string) {
    super(
      `WAL file "${key}" is already in the archive with different content: another server has written to this archive, ` +
        'or this one was restored and goes on in the archive of its origin',
    );
    this.name = 'WalConflictError';
  }
}

export const digestMetadata = 'sha256';

const slice = 1 << 20;

/** A slice at a time, so that heartbeats and probes get their turn; WebCrypto's own thread would first copy the whole segment. */
export async function sha256(bytes: Buffer): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += slice) {
    hash.update(bytes.subarray(at, at + slice));
    await setImmediate();
  }
  return hash.digest('hex');
}

export interface WalContent {
  readonly name: string;
  readonly bytes: Buffer;
  readonly systemIdentifier: string;
}

/** Resolves to 'same' when the archive had the file already, with these bytes. Throws WalConflictError. */
export async function putWal(archive: Archive, wal: WalContent, signal: AbortSignal): Promise<'created' | 'same'> {
  const { store, config } = archive;
  const { compression, attributes } = parseWalName(wal.name)?.kind === 'history' ? config.history : config.wal;
  const digest = await sha256(wal.bytes);
  const key = walKey(config.location, wal.name, compression);
  const { keys } = config;
  const body = await sealBuffer({ keys, context: wal.name }, await compressBuffer(compression, wal.bytes));
  const outcome = await store.put(key, body, {
    ...attributes,
    ifNoneMatch: true,
    metadata: { [digestMetadata]: digest, 'system-identifier': wal.systemIdentifier, ...encodingMetadata({ keys }) },
    signal,
  });
  if (outcome === 'created') return outcome;
  if ((await storedDigest(archive, { key, name: wal.name, compression }, signal)) !== digest)
    throw new WalConflictError(key);
  return 'same';
}

interface Stored {
  readonly key: string;
  readonly name: string;
  readonly compression: ArchiveCompression;
}

async function storedDigest(
  { store, config }: Archive,
  { key, name, compression }: Stored,
  signal: AbortSignal,
): Promise<string | undefined> {
  const head = await store.head(key, { signal });
  const noted = head?.metadata[digestMetadata];
  if (noted !== undefined) return noted;
  // Barman notes no digest.
  const found = await store.get(key, { signal });
  if (!found) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of decodeStream({ compression, keys: config.keys, context: name }, found.body))
    chunks.push(chunk as Buffer);
  return sha256(Buffer.concat(chunks));
}

export interface FoundWal {
  /** Plain bytes. */
  readonly content: Readable;
  /** SHA-256 of the plain bytes, when who archived it noted it. */
  readonly digest: string | undefined;
}

/** A file of the archive, or undefined when it is not there under any compression. */
export async function getWal(archive: Archive, name: string, signal: AbortSignal): Promise<FoundWal | undefined> {
  const { store, config } = archive;
  const likely = config.wal.compression;
  const found = await store.get(walKey(config.location, name, likely), { signal });
  const plain = (object: ObjectBody, compression: ArchiveCompression): FoundWal => ({
    content: decodeStream({ compression, keys: config.keys, context: name }, object.body),
    digest: object.metadata[digestMetadata],
  });
  if (found) return plain(found, likely);
  const other = await findWal(archive, name, signal);
  if (!other) return undefined;
  const object = await store.get(other.key, { signal });
  return object && plain(object, other.compression);
}

/** The key of a file, by one listing rather than a question for each compression. */
export async function findWal(
  { store, config }: Archive,
  name: string,
  signal: AbortSignal,
): Promise<{ key: string; compression: ArchiveCompression } | undefined> {
  for await (const entry of store.list(walKey(config.location, name, 'none'), { signal })) {
    if (entry.kind !== 'object') continue;
    const file = parseArchiveKey(config.location, entry.key);
    if (file?.kind === 'wal' && file.name === name) return { key: entry.key, compression: file.compression };
  }
  return undefined;
}
