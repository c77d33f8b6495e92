import { createHash } from 'node:crypto';
import { chown, lstat, mkdir, readlink, realpath, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import type { Container } from '../model/types.ts';
import type { User } from './start.ts';

/**
 * A container's root: the same for the same pod name and container, so that absolute links which a program wrote into a volume
 * (pg_wal, tablespaces) still lead somewhere in the next pod of that name. For the same reason a root stays when its pod goes: a link
 * that a job made leads through the job's root for as long as the volume lives. It is a few directories and links. Short, since unix socket paths end at 107 bytes.
 */
export function rootPath(base: string, node: string, namespace: string, pod: string, container: string): string {
  const name = createHash('sha256').update([node, namespace, pod, container].join('\0')).digest('base64url');
  return path.join(base, name.replaceAll(/[-_]/g, '').slice(0, 12));
}

export interface Link {
  /** Absolute path in the container. */
  readonly at: string;
  /** Path on the machine. */
  readonly to: string;
}

async function place({ at, to }: Link, root: string): Promise<void> {
  const place = path.join(root, path.normalize(at));
  // Below another mount this makes the mount point in that volume, as a container engine does.
  await mkdir(path.dirname(place), { recursive: true });
  const found = await lstat(place).catch(() => undefined);
  if (found?.isSymbolicLink()) {
    if ((await readlink(place)) === to) return;
    await rm(place);
  } else if (found) {
    throw new Error(`${at} cannot be mounted: the volume around it already has something there`);
  }
  await symlink(to, place);
}

export async function buildRoot(root: string, links: readonly Link[], owner?: User): Promise<void> {
  await rm(root, { recursive: true, force: true });
  await mkdir(root, { recursive: true, mode: 0o755 });
  for (const link of [...links].sort((a, b) => a.at.length - b.at.length)) await place(link, root);
  if (owner) await chown(root, owner.uid, owner.gid);
}

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/**
 * A function that puts the root in front of every path of the container in a text: one that starts the text or a word in it (after
 * `=`, `:`, `,`, quotes, white space or a shell's operator) and is a mount path or image path, or below one.
 */
export function pathPrefixer(
  root: string,
  container: Container,
  imagePaths: readonly string[],
): (text: string) => string {
  const paths = [...(container.volumeMounts ?? []).map((mount) => path.normalize(mount.mountPath)), ...imagePaths]
    .map((name) => name.replace(/\/+$/, ''))
    .filter((name) => name !== '')
    .sort((a, b) => b.length - a.length);
  if (paths.length === 0) return (text) => text;
  const pattern = new RegExp(
    `(^|[\\s=:,'"\`()<>|&;@])(?=(?:${paths.map(escape).join('|')})(?:$|[/\\s=:,'"\`()<>|&;]))`,
    'g',
  );
  return (text) => text.replaceAll(pattern, (_, before: string) => before + root);
}

/** The place of a subPath. Fails for one that would leave the volume. */
export async function insideVolume(volume: string, subPath: string, owner?: User): Promise<string> {
  const target = path.join(volume, subPath);
  if (subPath.startsWith('/') || subPath.split('/').includes('..'))
    throw new Error(`subPath "${subPath}" leaves the volume`);
  const top = await realpath(volume);
  // A subPath that is not there yet becomes a directory, as in Kubernetes.
  const made = await mkdir(target, { recursive: true }).catch(() => undefined);
  if (made !== undefined && owner) await chown(target, owner.uid, owner.gid);
  const real = await realpath(target);
  if (real !== top && !real.startsWith(`${top}/`)) throw new Error(`subPath "${subPath}" leaves the volume`);
  return target;
}
