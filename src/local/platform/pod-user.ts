import { constants } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from './config.ts';

export interface PodUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The user that pods run as: PostgreSQL refuses to run as root, and as a user without an entry in /etc/passwd. */
export function choosePodUser(passwd: string): PodUser | undefined {
  const entries = passwd.split('\n').map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const entry = entries.find((fields) => fields[0] === name);
    const [uid, gid] = [Number(entry?.[2]), Number(entry?.[3])];
    if (entry && uid > 0 && gid > 0) return { name, uid, gid };
  }
  return undefined;
}

/** The pods' user when we are root; undefined when pods run as ourselves. */
export async function podUserOfThisMachine(): Promise<PodUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const user = choosePodUser(await readFile('/etc/passwd', 'utf8'));
  if (!user)
    throw new UserError('PostgreSQL does not run as root, and /etc/passwd has neither "postgres" nor "nobody"');
  return user;
}

interface Ownership {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** Whether permission `bit` (constants.S_IXOTH …) of the others, or its counterpart for owner or group, lets the user in. */
export function permits(user: Pick<PodUser, 'uid' | 'gid'>, file: Ownership, bit: number): boolean {
  const shift = file.uid === user.uid ? 6 : file.gid === user.gid ? 3 : 0;
  return (file.mode & (bit << shift)) !== 0;
}

/** The first directory on the way to `directory` that the user cannot pass; undefined when there is none. */
export async function obstacle(user: PodUser, directory: string): Promise<string | undefined> {
  let existing = path.resolve(directory);
  for (;;) {
    const found = await realpath(existing).catch(() => undefined);
    if (found !== undefined) {
      existing = found;
      break;
    }
    existing = path.dirname(existing);
  }
  const steps: string[] = [];
  for (let step = existing; ; step = path.dirname(step)) {
    steps.unshift(step);
    if (step === path.dirname(step)) break;
  }
  for (const step of steps) {
    if (!permits(user, await stat(step), constants.S_IXOTH)) return step;
  }
  return undefined;
}
