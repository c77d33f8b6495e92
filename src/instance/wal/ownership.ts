import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { ownerMarkerKey, walDirectory } from '../../objectstore/layout.ts';
import { readWhole } from '../../objectstore/whole.ts';
import { writeDurably } from '../../util/durable.ts';
import { readFileIfThere } from '../../util/files.ts';
import type { Archive } from './archive-source.ts';

/** In PGDATA of a database that has not archived anything yet (reference §2.15). */
export const emptyCheckFile = '.check-empty-wal-archive';

/** Whose archive it is. Lies beside the WAL; written by the database that claims it and at each change of its primary. */
export interface OwnerMarker {
  readonly systemIdentifier: string;
  /** Tells two new databases apart that have one system identifier: a restored one and its origin. */
  readonly claim: string;
  /** The highest epoch that has written here, and who led it; not there before the first primary that knows of epochs. */
  readonly epoch?: number;
  readonly instance?: string;
}

/** Who writes: the epoch that this instance leads by the lease. */
export interface ArchiveWriter {
  readonly epoch: number;
  readonly instance: string;
}

export interface OwnershipCheck {
  readonly archive: Archive;
  readonly systemIdentifier: string;
  readonly dataDirectory: string;
  /** Annotation cnpg.io/skipEmptyWalArchiveCheck: an archive with content is taken over. */
  readonly skipEmptyCheck: boolean;
  /** Undefined while no epoch is known; the marker's epoch is then left as it is. */
  readonly writer: ArchiveWriter | undefined;
}

export class NotOwnedError extends Error {
  override readonly name: string = 'NotOwnedError';
}

/** A primary of a higher epoch writes here: whoever meets this is a primary no more, or has been given back an old lease. */
export class SupersededError extends NotOwnedError {
  override readonly name = 'SupersededError';
}

/** PostgreSQL's timelines have 32 bits; what is above half of them is not believed. */
const highestEpoch = 0x7fff_ffff;

/** Undefined for what is no marker. */
function parseMarker(text: string): OwnerMarker | undefined {
  try {
    const marker = JSON.parse(text) as Partial<OwnerMarker> | null;
    return typeof marker?.systemIdentifier === 'string' && typeof marker.claim === 'string'
      ? (marker as OwnerMarker)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Throws for one that is damaged: whose archive it is, a person has to say. */
export async function readMarker(archive: Archive, signal: AbortSignal): Promise<OwnerMarker | undefined> {
  const key = ownerMarkerKey(archive.config.location);
  const found = await archive.store.get(key, { signal });
  if (!found) return undefined;
  const text = (await readWhole(found, key)).toString();
  const parsed = parseMarker(text);
  if (!parsed) {
    throw new Error(
      `"${key}" does not say whose archive this is: expected JSON with the texts systemIdentifier and claim, found ` +
        JSON.stringify(text.slice(0, 80)),
    );
  }
  const { epoch, ...marker } = parsed;
  const believed = Number.isInteger(epoch) && (epoch ?? 0) > 0 && (epoch ?? 0) <= highestEpoch;
  return { ...marker, ...(believed && { epoch }) };
}

async function writeMarker(
  { archive }: OwnershipCheck,
  marker: OwnerMarker,
  { replace, signal }: { replace: boolean; signal: AbortSignal },
): Promise<OwnerMarker> {
  const { store, config } = archive;
  const body = Buffer.from(`${JSON.stringify(marker)}\n`);
  const options = { ifNoneMatch: !replace, contentType: 'application/json', signal };
  await store.put(ownerMarkerKey(config.location), body, options);
  return (await readMarker(archive, signal)) ?? marker;
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
 * Makes sure that the archive is this database's before anything is written to it, and that no higher epoch writes to it. A new database
 * claims an empty archive; its claim is on disk before it is in the store, so a claim whose answer was lost is recognized. Throws
 * NotOwnedError. Resolves to the marker as it is now.
 */
export async function takeOwnership(check: OwnershipCheck, signal: AbortSignal): Promise<OwnerMarker> {
  const file = path.join(check.dataDirectory, emptyCheckFile);
  const content = await readFileIfThere(file);
  const marker = await readMarker(check.archive, signal);
  if (content === undefined) {
    const claim = { ...ownMarker(check), claim: '' };
    const owner = marker ?? (await writeMarker(check, claim, { replace: false, signal }));
    if (owner.systemIdentifier === check.systemIdentifier) return raiseEpoch(check, owner, signal);
    throw new NotOwnedError(
      `the archive belongs to the database with system identifier ${owner.systemIdentifier}, and this one has ` +
        `${check.systemIdentifier}: nothing is written to it`,
    );
  }
  const claim = content.trim() || randomUUID();
  if (content.trim() === '') await writeDurably(file, `${claim}\n`);
  let owner = marker;
  if (owner?.claim !== claim) {
    if (!check.skipEmptyCheck && (marker || !(await isArchiveEmpty(check.archive, signal))))
      throw emptyArchiveError(check.archive);
    const own = { ...ownMarker(check), claim };
    owner = await writeMarker(check, own, { replace: check.skipEmptyCheck, signal });
    if (owner.claim !== claim) throw emptyArchiveError(check.archive);
  }
  const raised = await raiseEpoch(check, owner, signal);
  await rm(file, { force: true });
  return raised;
}

const ownMarker = ({ systemIdentifier, writer }: OwnershipCheck): Omit<OwnerMarker, 'claim'> => ({
  ...{ systemIdentifier },
  ...writer,
});

/**
 * The marker is a mirror of the lease (ha-protocol.md §2), not a lock: between two that raise it at once the last one stands, and the
 * other one, if it is the higher, raises it again at its next look. Until then names written once keep them apart (rule 25).
 */
async function raiseEpoch(check: OwnershipCheck, owner: OwnerMarker, signal: AbortSignal): Promise<OwnerMarker> {
  const { writer, skipEmptyCheck } = check;
  if (!writer || (owner.epoch === writer.epoch && owner.instance === writer.instance)) return owner;
  if (!skipEmptyCheck) refuseLower(writer, owner);
  const raised = await writeMarker(check, { ...owner, ...writer }, { replace: true, signal });
  if (!skipEmptyCheck) refuseLower(writer, raised);
  return raised;
}

function refuseLower(writer: ArchiveWriter, { epoch, instance }: OwnerMarker): void {
  if (epoch === undefined || epoch < writer.epoch || (epoch === writer.epoch && instance === writer.instance)) return;
  throw new SupersededError(
    `the archive is written by "${instance ?? ''}" in epoch ${epoch}, and "${writer.instance}" leads epoch ${writer.epoch}: nothing is ` +
      'written to it. If the other one is gone for good, set the annotation cnpg.io/skipEmptyWalArchiveCheck to "enabled"',
  );
}
