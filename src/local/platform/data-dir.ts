import { createHash, randomBytes } from 'node:crypto';
import { lstat, mkdir, readFile, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { UserError } from './config.ts';
import { type PodUser, obstacle } from './pod-user.ts';

const marker = '.howdah-data';
/** Leaves room for a container's directory and the socket's path in the 107 bytes of a unix socket address. */
const longestShortDir = 40;
const sharedTree = '/var/lib/howdah';

/** Whether `up` made this directory, so that `reset` may delete it. */
export const isOurs = (dir: string): Promise<boolean> =>
  readFile(path.join(dir, marker)).then(
    () => true,
    () => false,
  );

/** Makes the directory ours. A directory with things in it that are not ours is refused. */
export async function claimDirectory(dir: string, mode: number): Promise<void> {
  await mkdir(dir, { recursive: true, mode }).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`cannot make the data directory ${dir}: ${error.message}`);
  });
  if (await isOurs(dir)) return;
  if ((await readdir(dir)).length > 0) {
    throw new UserError(`${dir} is not empty and not a data directory of Howdah; choose another with --data`);
  }
  await writeFile(path.join(dir, marker), 'Made by "howdah local up"; "howdah local reset" deletes this directory.\n');
}

/** Where the pods' things go: the data directory, or a tree that their user can reach without a change to the way there. */
export async function choosePodDir(dir: string, user: PodUser | undefined): Promise<string> {
  if (!user || (await obstacle(user, path.dirname(dir))) === undefined) return dir;
  const hash = createHash('sha256').update(dir).digest('hex').slice(0, 8);
  const name = path.basename(dir) === '.howdah' ? path.basename(path.dirname(dir)) : path.basename(dir);
  return path.join(sharedTree, `${name.replaceAll(/[^\w.-]/g, '_')}-${hash}`);
}

/** Makes podDir when it is elsewhere, and `location` in the data directory that points to it. */
export async function linkPodDir(dir: string, podDir: string): Promise<void> {
  if (podDir === dir) return;
  await mkdir(sharedTree, { recursive: true, mode: 0o711 });
  await claimDirectory(podDir, 0o711);
  await ensureLink(path.join(dir, 'location'), podDir);
}

async function ensureLink(file: string, target: string): Promise<void> {
  const current = await readlink(file).catch(() => undefined);
  if (current === target && (await lstat(file)).uid === process.getuid?.()) return;
  if (current !== undefined) throw new UserError(`${file} points to ${current} and not to ${target}; remove it`);
  await symlink(target, file);
}

/** A short name for containers' roots below podDir. */
export function chooseShortDir(podDir: string, random: Buffer = randomBytes(3)): string {
  const direct = path.join(podDir, 'r');
  if (Buffer.byteLength(direct) <= longestShortDir) return direct;
  const temporary = Buffer.byteLength(tmpdir()) <= longestShortDir - 10 ? tmpdir() : '/tmp';
  return path.join(temporary, `hd-${random.toString('hex')}`);
}

/** Makes the containers' roots directory and, when that has a long path, the link that is its short name. */
export async function ensureShortDir(podDir: string, shortDir: string): Promise<void> {
  const direct = path.join(podDir, 'r');
  await mkdir(direct, { recursive: true, mode: 0o711 });
  if (shortDir !== direct) await ensureLink(shortDir, direct);
}

/** Removes what `linkPodDir` and `ensureShortDir` made outside of the data directory, if it is ours. */
export async function removeOutside(dir: string, podDir: string, shortDir: string): Promise<void> {
  if ((await readlink(shortDir).catch(() => undefined)) === path.join(podDir, 'r')) await rm(shortDir);
  if (podDir !== dir && (await isOurs(podDir))) await rm(podDir, { recursive: true, force: true });
}
