import { retentionJournalKey } from '../../objectstore/layout.ts';
import type { Archive } from '../wal/archive-source.ts';

/**
 * What is to be removed, written before anything is: whoever dies on the way leaves the intent to the next, and a restore that begins
 * meanwhile sees what it must not start from.
 */
export interface RetentionJournal {
  readonly removing: readonly string[];
  /** WAL that no kept backup needed at the last run, as an LSN. */
  readonly walBefore?: string | undefined;
}

const isText = (value: unknown): value is string => typeof value === 'string';

export async function readJournal(archive: Archive, signal: AbortSignal): Promise<RetentionJournal> {
  const found = await archive.store.get(retentionJournalKey(archive.config.location), { signal });
  if (!found) return { removing: [] };
  const chunks: Buffer[] = [];
  for await (const chunk of found.body) chunks.push(chunk as Buffer);
  const { removing, walBefore } = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
  if (!Array.isArray(removing) || !removing.every(isText)) throw new Error('the journal of retention cannot be read');
  return { removing, ...(isText(walBefore) && { walBefore }) };
}

/** Resolves to the store's own time. */
export async function writeJournal(archive: Archive, journal: RetentionJournal, signal: AbortSignal): Promise<Date> {
  const key = retentionJournalKey(archive.config.location);
  const body = Buffer.from(`${JSON.stringify(journal)}\n`);
  await archive.store.put(key, body, { contentType: 'application/json', signal });
  const head = await archive.store.head(key, { signal });
  if (!head) throw new Error(`"${key}" was written and is not there`);
  return head.lastModified;
}
