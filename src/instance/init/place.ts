import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '../log/logger.ts';
import { readFileIfThere, replaceFile, syncDirectory } from '../../util/files.ts';
import { observeDataDirectory } from '../postmaster/observe.ts';
import { endProgramsOf } from '../postmaster/process.ts';
import { noteOf, readNote } from '../world/published.ts';

export interface InitPlace {
  readonly data: string;
  /** pg_wal on its own volume. */
  readonly wal: string | undefined;
  /** Where the last step's note is kept, on the data volume. */
  readonly state: string;
}

export const stagingOf = (place: InitPlace): string => `${place.data}.init`;

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );
const isEmpty = async (directory: string): Promise<boolean> =>
  (
    await readdir(directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    })
  ).length === 0;

const stamp = (now: Date): string =>
  now
    .toISOString()
    .replaceAll(/[-:]/g, '')
    .replace(/\.\d+Z$/, 'Z');

/**
 * Makes room. True when PGDATA is what an earlier run of this very bootstrap made. Anything else that lies there is somebody's
 * data, of this or another version: it is put aside under its name with the time, never removed.
 */
export async function preparePlace(place: InitPlace, clusterUid: string, log: Logger, now: Date): Promise<boolean> {
  const { data, wal } = place;
  if (await isInitialized(place, clusterUid)) return true;
  const staging = stagingOf(place);
  // An initdb whose parent was killed cleans up after its failure: all that lies below its path, which would be the next one's.
  await endProgramsOf(staging);
  if (await exists(staging)) {
    await rm(staging, { recursive: true, force: true });
    if (wal !== undefined && (await isEmpty(data))) await rm(wal, { recursive: true, force: true });
  }
  for (const directory of [data, wal]) {
    if (directory === undefined || (await isEmpty(directory))) continue;
    const aside = `${directory}_${stamp(now)}`;
    await rename(directory, aside);
    await syncDirectory(path.dirname(directory));
    log.warn(
      { found: directory, kept: aside, ...(await describe(aside)) },
      'A directory that was there already is put aside',
    );
  }
  await mkdir(path.dirname(data), { recursive: true });
  if (wal !== undefined) await rm(wal, { recursive: true, force: true });
  return false;
}

async function describe(directory: string): Promise<{ version?: string }> {
  const version = await readFileIfThere(path.join(directory, 'PG_VERSION')).catch(() => undefined);
  return version === undefined ? {} : { version: version.trim() };
}

async function isInitialized(place: InitPlace, clusterUid: string): Promise<boolean> {
  const note = await readNote(place.state);
  if (note?.clusterUid !== clusterUid) return false;
  const found = await observeDataDirectory(place.data);
  // The instance may run on it already: what cannot be read now is not put aside.
  if (found.state === 'unusable') throw new Error(found.problem);
  return found.state === 'valid' && note.systemIdentifier === found.control.systemIdentifier;
}

/** The last step: says whose it is, then gives the directory its name. */
export async function publishPlace(place: InitPlace, clusterUid: string): Promise<void> {
  const staging = stagingOf(place);
  const made = await observeDataDirectory(staging);
  if (made.state !== 'valid') throw new Error(`${staging} is not a whole data directory`);
  await mkdir(place.state, { recursive: true, mode: 0o700 });
  const note = { clusterUid, systemIdentifier: made.control.systemIdentifier };
  await replaceFile(noteOf(place.state), `${JSON.stringify(note)}\n`);
  await rm(place.data, { recursive: true, force: true });
  await rename(staging, place.data);
  await syncDirectory(path.dirname(place.data));
}
