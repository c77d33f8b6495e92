import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { readProcess } from './processes.ts';

export interface User {
  readonly uid: number;
  readonly gid: number;
}

export interface StartRequest {
  readonly shim: string;
  readonly setsid: string;
  /** Of this run; made here. */
  readonly directory: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Absent: the caller. */
  readonly user?: User;
}

export interface Started {
  readonly pid: number;
  readonly startTicks: string;
  /** Resolves when the shim has ended. */
  readonly ended: Promise<void>;
}

/** Files that a container's output goes to: a pipe to a node that died would break or block the writer. */
export const outputFiles = ['stdout', 'stderr'] as const;

export async function startContainer(request: StartRequest): Promise<Started> {
  const { directory, user } = request;
  await mkdir(directory, { recursive: true, mode: 0o711 });
  if (user) await chown(directory, user.uid, user.gid);
  const [out, err] = await Promise.all(outputFiles.map((name) => open(path.join(directory, name), 'a', 0o600)));
  try {
    const child = spawn('/bin/sh', [request.shim, directory, request.setsid, ...request.command], {
      detached: true,
      stdio: ['ignore', out?.fd ?? 'ignore', err?.fd ?? 'ignore'],
      env: { ...request.env },
      cwd: request.cwd,
      ...(user ?? {}),
    });
    await once(child, 'spawn');
    const ended = once(child, 'exit').then(() => undefined);
    child.unref();
    const info = child.pid === undefined ? undefined : readProcess(child.pid);
    return { pid: child.pid ?? 0, startTicks: info?.startTicks ?? '', ended };
  } finally {
    await Promise.all([out?.close(), err?.close()]);
  }
}
