import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { backupInfoKey, holdsDirectory } from '../../objectstore/layout.ts';
import type { Archive } from '../wal/archive-source.ts';
import { readJournal } from './journal.ts';

/** A restore that has not renewed its hold for so long has ended without a word. */
const staleMs = 3_600_000;
const renewalMs = 600_000;
const releaseTimeout = 10_000;

export class BackupGoneError extends Error {
  override readonly name = 'BackupGoneError';
}

/**
 * Keeps retention from removing a backup, with what it builds on and the WAL from there on, until it is disposed of. Throws
 * BackupGoneError when the removal has begun. Where the store lets us only read, the restore goes on without.
 */
export async function holdBackup(
  archive: Archive,
  backupId: string,
  log: Logger,
  signal: AbortSignal,
): Promise<AsyncDisposable> {
  const { store, config } = archive;
  const key = `${holdsDirectory(config.location)}${randomUUID()}.json`;
  const body = Buffer.from(`${JSON.stringify({ backupId })}\n`);
  const put = async (): Promise<void> => void (await store.put(key, body, { contentType: 'application/json', signal }));
  let timer: NodeJS.Timeout | undefined;
  try {
    await put();
    const renew = (): void =>
      void put().catch((err: unknown) => log.warn({ err }, 'The hold on the backup was not renewed'));
    timer = setInterval(renew, renewalMs).unref();
  } catch (err) {
    signal.throwIfAborted();
    log.warn({ err }, 'The archive cannot be written to: retention does not know of this restore');
  }
  const release = async (): Promise<void> => {
    if (timer === undefined) return;
    clearInterval(timer);
    await store.delete([key], { signal: AbortSignal.timeout(releaseTimeout) }).catch((err: unknown) => {
      log.warn({ err }, 'The hold on the backup was not released; it ends by itself');
    });
  };
  // First the hold, then this look: retention writes its intent first and looks for holds then, so one of us sees the other.
  const { removing } = await readJournal(archive, signal);
  const there = await store.head(backupInfoKey(config.location, backupId), { signal });
  if (removing.includes(backupId) || there === undefined) {
    await release();
    throw new BackupGoneError(`backup ${backupId} is being removed by the retention policy of its cluster`);
  }
  return { [Symbol.asyncDispose]: release };
}

/** Ids of backups that restores hold at `now`, by the store's clock. */
export async function heldBackups(archive: Archive, now: Date, signal: AbortSignal): Promise<Set<string>> {
  const held = new Set<string>();
  for await (const entry of archive.store.list(holdsDirectory(archive.config.location), { signal })) {
    if (entry.kind !== 'object' || now.getTime() - entry.lastModified.getTime() > staleMs) continue;
    const found = await archive.store.get(entry.key, { signal });
    if (!found) continue;
    const chunks: Buffer[] = [];
    for await (const chunk of found.body) chunks.push(chunk as Buffer);
    const { backupId } = JSON.parse(Buffer.concat(chunks).toString()) as { backupId?: unknown };
    if (typeof backupId === 'string') held.add(backupId);
  }
  return held;
}
