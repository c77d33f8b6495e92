import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { signalProcess } from './processes.ts';
import type { User } from './start.ts';

/** How a further process of a running container is started. */
export interface ContainerContext {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly user?: User;
  /** Puts the container's root in front of its paths. */
  readonly prefix: (text: string) => string;
}

/**
 * Environment and directory of a container, from its shim: so they need not be kept anywhere (they hold secrets), and a node that came
 * back knows them too. The main process may have overwritten its own with a title.
 */
export function shimContext(shimPid: number): { env: Record<string, string>; cwd: string } {
  const env: Record<string, string> = {};
  for (const entry of readFileSync(`/proc/${shimPid}/environ`, 'utf8').split('\0')) {
    const at = entry.indexOf('=');
    if (at > 0) env[entry.slice(0, at)] = entry.slice(at + 1);
  }
  return { env, cwd: readlinkSync(`/proc/${shimPid}/cwd`) };
}

/** A process in the container, in a session of its own, with pipes. `prepare` may wrap the command (a terminal). */
export function spawnIn(context: ContainerContext, command: readonly string[]): ChildProcess {
  const [file = '', ...args] = command.map(context.prefix);
  return spawn(file, args, {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...context.env },
    cwd: context.cwd,
    ...(context.user ?? {}),
  });
}

/** Ends a process of `spawnIn` and its group. */
export function killGroup(child: ChildProcess): void {
  if (child.pid !== undefined && !signalProcess(-child.pid, 'SIGKILL')) child.kill('SIGKILL');
}

export interface ExecResult {
  /** 128 + signal number when a signal ended it; undefined when it was cut off by the deadline. */
  readonly code?: number;
  /** The first 10 KiB of both streams. */
  readonly output: string;
}

const outputLimit = 10_240;

/** Runs a command to its end or to the deadline. */
export async function execIn(
  context: ContainerContext,
  command: readonly string[],
  signal: AbortSignal,
): Promise<ExecResult> {
  const child = spawnIn(context, command);
  let output = '';
  const take = (chunk: Buffer): void => {
    if (output.length < outputLimit) output += chunk.toString('utf8').slice(0, outputLimit - output.length);
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  child.stdin?.on('error', () => undefined).end();
  const cut = (): void => killGroup(child);
  signal.addEventListener('abort', cut, { once: true });
  try {
    const code = await new Promise<number>((resolve) => {
      child.on('error', (error) => {
        output += error.message;
        resolve(126);
      });
      child.on('exit', (exitCode) => resolve(exitCode ?? 137));
    });
    return signal.aborted ? { output } : { code, output };
  } finally {
    signal.removeEventListener('abort', cut);
  }
}
