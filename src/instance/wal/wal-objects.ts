// WAL files as objects of an archive: written once, compared by the digest of their plain bytes, read whatever their compression.
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { type Packing, packFile } from '../../objectstore/codec/pack.ts';
import { decodeStream, encodingMetadata } from '../../objectstore/codec/pipeline.ts';
import { type ArchiveCompression, parseArchiveKey, walKey } from '../../objectstore/layout.ts';
import type { ObjectBody } from '../../objectstore/port.ts';
import { digestMetadata, digestOf } from '../../objectstore/whole.ts';
import { parseWalName } from '../../postgres/wal-name.ts';
import type { Archive } from './archive-source.ts';

/** The archive holds other bytes under this name. Nothing may be overwritten, so a person has to look. */
export class WalConflictError extends Error {
  override readonly name = 'WalConflictError';
}

const conflict = (key: string): WalConflictError =>
  new WalConflictError(
    `WAL file "${key}" is already in the archive with different content: another server has written to this archive, ` +
      'or this one was restored and goes on in the archive of its origin',
  );

export interface WalFileToStore {
  readonly name: string;
  /** Where it is. */
  readonly path: string;
  readonly systemIdentifier: string;
  readonly packing: Packing;
}

/** Resolves to 'same' when the archive had the file already, with these bytes. Throws WalConflictError. */
export async function putWal(archive: Archive, wal: WalFileToStore, signal: AbortSignal): Promise<'created' | 'same'> {
  const { store, config } = archive;
  const { compression, attributes } = parseWalName(wal.name)?.kind === 'history' ? config.history : config.wal;
  const key = walKey(config.location, wal.name, compression);
  const { keys } = config;
  const encoding = { compression, keys, context: wal.name };
  using packed = await packFile(wal.path, encoding, wal.packing, signal);
  const { digest } = packed;
  const outcome = await store.put(key, packed.body, {
    ...attributes,
    ifNoneMatch: true,
    metadata: { [digestMetadata]: digest, 'system-identifier': wal.systemIdentifier, ...encodingMetadata({ keys }) },
    signal,
  });
  if (outcome === 'created') return outcome;
  if ((await storedDigest(archive, { key, name: wal.name, compression }, signal)) !== digest) throw conflict(key);
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
  const hash = createHash('sha256');
  const plain = decodeStream({ compression, keys: config.keys, context: name }, found.body);
  for await (const chunk of plain) hash.update(chunk as Buffer);
  return hash.digest('hex');
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

/** The bytes that came do not match the digest noted when the file was archived. */
export class WalDamagedError extends Error {
  override readonly name = 'WalDamagedError';

  constructor(wal: string) {
    super(`WAL file "${wal}" is damaged in the archive: it does not match its digest`);
  }
}

/** The text of a history file, verified; undefined when the archive has none. */
export async function getHistory(archive: Archive, name: string, signal: AbortSignal): Promise<string | undefined> {
  const found = await getWal(archive, name, signal);
  if (!found) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of found.content) chunks.push(chunk as Buffer);
  const content = Buffer.concat(chunks);
  if (found.digest !== undefined && digestOf(content) !== found.digest) throw new WalDamagedError(name);
  return content.toString();
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
