import { chmod, chown, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { User } from '../container/start.ts';
import type { PodFacts } from '../model/downward.ts';
import type { NodeDirectory } from '../model/records.ts';
import type { Volume } from '../model/types.ts';
import { projectFiles } from './atomic-directory.ts';
import { isProjection, volumeFiles, type Sources } from './sources.ts';

/** A volume that is not there (yet); the pod waits in ContainerCreating and it is tried again. */
export class MountError extends Error {}

export interface ClaimSource {
  /** The machine's directory behind a claim. Rejects with a MountError while it is not bound. */
  directory(facts: PodFacts, claim: string): Promise<string>;
}

export interface Mounter {
  readonly directory: NodeDirectory;
  readonly sources: Sources;
  readonly claims: ClaimSource;
  readonly user?: User;
}

async function ownDirectory(directory: string, user: User | undefined, mode: number): Promise<void> {
  const made = await mkdir(directory, { recursive: true, mode });
  if (made === undefined) return;
  await chmod(directory, mode);
  if (user) await chown(directory, user.uid, user.gid);
}

/** PostgreSQL insists on a data directory that is its own. */
async function claimDirectory(directory: string, user: User | undefined): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const { uid, mode } = await stat(directory);
  if (user && uid !== user.uid) await chown(directory, user.uid, user.gid);
  if ((mode & 0o777) !== 0o700) await chmod(directory, 0o700);
}

/** Makes a volume ready, or brings its files up to date, and resolves to its directory on the machine. */
export async function mountVolume(mounter: Mounter, facts: PodFacts, volume: Volume): Promise<string> {
  const place = mounter.directory.volume(facts.pod.metadata.uid, volume.name);
  await mkdir(path.dirname(place), { recursive: true, mode: 0o711 });
  if (isProjection(volume)) {
    await projectFiles(place, await volumeFiles(facts, volume, mounter.sources), mounter.user);
    return place;
  }
  if (volume.emptyDir) {
    // Memory too is a plain directory: PostgreSQL's shared memory is the machine's own /dev/shm, and nothing is left there by us.
    await ownDirectory(place, mounter.user, 0o777);
    return place;
  }
  const claim = volume.ephemeral
    ? `${facts.pod.metadata.name}-${volume.name}`
    : volume.persistentVolumeClaim?.claimName;
  if (claim === undefined) {
    throw new MountError(`volume "${volume.name}" is of a kind that howdah local does not have`);
  }
  const directory = await mounter.claims.directory(facts, claim);
  await claimDirectory(directory, mounter.user);
  return directory;
}
