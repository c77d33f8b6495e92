import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { ownerMarkerKey, walDirectory } from '../../objectstore/layout.ts';
import { writeDurably } from '../replication/durable.ts';
import type { Archive } from './archive-source.ts';

/** In PGDATA of a database that has not archived anything yet (reference §2.15). */
export const emptyCheckFile = '.check-empty-wal-archive';

/** Whose archive it is. Lies beside the WAL; written once. */
interface OwnerMarker {
  readonly systemIdentifier: string;
  /** Tells two new databases apart that have one system identifier: a restored one and its origin. */
  readonly claim: string;
}

export interface OwnershipCheck {
  readonly archive: Archive;
  readonly systemIdentifier: string;
  readonly dataDirectory: string;
  /** Annotation cnpg.io/skipEmptyWalArchiveCheck: an archive with content is taken over. */
  readonly skipEmptyCheck: boolean;
}

export class NotOwnedError extends Error {
  override readonly name = 'NotOwnedError';
}

async function readMarker({ archive }: OwnershipCheck, signal: AbortSignal): Promise<OwnerMarker | undefined> {
  const found = await archive.store.get(ownerMarkerKey(archive.config.location), { signal });
  if (!found) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of found.body) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as OwnerMarker;
}

async function writeMarker(check: OwnershipCheck, marker: OwnerMarker, signal: AbortSignal): Promise<OwnerMarker> {
  const { store, config } = check.archive;
  const body = Buffer.from(`${JSON.stringify(marker)}\n`);
  const options = { ifNoneMatch: !check.skipEmptyCheck, contentType: 'application/json', signal };
  await store.put(ownerMarkerKey(config.location), body, options);
  return (await readMarker(check, signal)) ?? marker;
}

export async function isArchiveEmpty(archive: Archive, signal: AbortSignal): Promise<boolean> {
  for await (const entry of archive.store.list(walDirectory(archive.config.location), { signal })) {
    if (entry.kind === 'object') return false;
  }
  return true;
}

export const emptyArchiveError = (archive: Archive): NotOwnedError =>
  new NotOwnedError(
    `Expected empty archive: there is WAL of another database in "${walDirectory(archive.config.location)}". Choose another ` +
      'serverName or destinationPath, or set the annotation cnpg.io/skipEmptyWalArchiveCheck to "enabled"',
  );

/**
 * Makes sure that the archive is this database's before anything is written to it. A new database claims an empty archive; its
 * claim is on disk before it is in the store, so a claim whose answer was lost is recognized. Throws NotOwnedError.
 */
export async function takeOwnership(check: OwnershipCheck, signal: AbortSignal): Promise<void> {
  const file = path.join(check.dataDirectory, emptyCheckFile);
  const content = await readFile(file, 'utf8').catch(() => undefined);
  const marker = await readMarker(check, signal);
  if (content === undefined) {
    const owner = marker ?? (await writeMarker(check, { ...systemOf(check), claim: '' }, signal));
    if (owner.systemIdentifier === check.systemIdentifier) return;
    throw new NotOwnedError(
      `the archive belongs to the database with system identifier ${owner.systemIdentifier}, and this one has ` +
        `${check.systemIdentifier}: nothing is written to it`,
    );
  }
  const claim = content.trim() || randomUUID();
  if (content.trim() === '') await writeDurably(file, `${claim}\n`);
  if (marker?.claim !== claim) {
    if (!check.skipEmptyCheck && (marker || !(await isArchiveEmpty(check.archive, signal))))
      throw emptyArchiveError(check.archive);
    const owner = await writeMarker(check, { ...systemOf(check), claim }, signal);
    if (owner.claim !== claim) throw emptyArchiveError(check.archive);
  }
  await rm(file, { force: true });
}

const systemOf = ({ systemIdentifier }: OwnershipCheck): { systemIdentifier: string } => ({ systemIdentifier });
