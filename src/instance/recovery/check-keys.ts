import { keyFor } from '../../objectstore/codec/key-ring.ts';
import { keyMetadata } from '../../objectstore/codec/pipeline.ts';
import type { TimelineHistory } from '../../postgres/timeline.ts';
import { readManifest } from '../backup/take.ts';
import type { Archive } from '../wal/archive-source.ts';
import { findWal } from '../wal/wal-objects.ts';
import { archivedRange } from './archive-gap.ts';
import type { CatalogEntry } from '../backup/catalog.ts';

const defaultSegmentSize = 16 << 20;

/**
 * Throws EncryptionError when a key is missing or wrong, as far as manifests and the newest segment tell: a restore must say so before
 * it writes anything, and not after hours. Keys are changed, so the WAL may need another one than the backup.
 */
export async function checkKeys(
  origin: Archive,
  chain: readonly CatalogEntry[],
  history: TimelineHistory,
  signal: AbortSignal,
): Promise<void> {
  for (const { id } of chain) await readManifest(origin, id, signal);
  const segmentSize = chain.at(-1)?.info.walSegmentSize ?? defaultSegmentSize;
  const { newest } = await archivedRange(origin, { history, first: 0n, segmentSize }, signal);
  const found = newest === undefined ? undefined : await findWal(origin, newest, signal);
  const id = found && (await origin.store.head(found.key, { signal }))?.metadata[keyMetadata];
  if (id !== undefined && newest !== undefined) keyFor(origin.config.keys, id, newest);
}
