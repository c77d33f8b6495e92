import type { ChildProcess } from 'node:child_process';
import { execFile } from 'node:child_process';
import { existsSync, readlinkSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { type Writable } from 'node:stream';
import { killGroup, spawnIn, type ContainerContext } from '../container/exec.ts';
import { children } from '../container/processes.ts';

/** The far side of an exec, whatever it travels over. */
export interface ExecStreams {
  readonly stdin?: Readable;
  readonly stdout?: Writable;
  readonly stderr?: Writable;
  /** JSON texts {"Width": …, "Height": …}. */
  readonly resize?: Readable;
  /** Says how it ended (a metav1.Status) and closes the connection. */
  finish(status: object): void;
  /** Aborts when the client has gone. */
  readonly gone: AbortSignal;
}

export interface ExecRequest {
  readonly command: readonly string[];
  readonly tty: boolean;
}

const scriptPrograms = ['/usr/bin/script', '/bin/script'];
const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** With a terminal the command runs under script(1), which has the pseudo-terminal that Node lacks. */
function start(context: ContainerContext, { command, tty }: ExecRequest): { child: ChildProcess; terminal: boolean } {
  const script = tty ? scriptPrograms.find(existsSync) : undefined;
  if (script === undefined) return { child: spawnIn(context, command), terminal: false };
  const line = command.map(context.prefix).map(quote).join(' ');
  const env = { TERM: 'xterm', ...context.env, SHELL: '/bin/sh' };
  return {
    child: spawnIn({ ...context, env, prefix: (text) => text }, [script, '-qfec', `exec ${line}`, '/dev/null']),
    terminal: true,
  };
}

/** The kernel tells the terminal's programs of its new size (SIGWINCH). */
function resizeTerminal(script: ChildProcess, size: { Width?: number; Height?: number }): void {
  const [shell] = script.pid === undefined ? [] : children(script.pid);
  if (shell === undefined || !size.Width || !size.Height) return;
  try {
    const terminal = readlinkSync(`/proc/${shell}/fd/0`);
    const words = ['-F', terminal, 'rows', String(Math.trunc(size.Height)), 'cols', String(Math.trunc(size.Width))];
    if (terminal.startsWith('/dev/pts/')) execFile('stty', words, () => undefined);
  } catch {
    // The command has just ended.
  }
}

function statusOf(code: number): object {
  if (code === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    reason: 'NonZeroExitCode',
    message: `command terminated with non-zero exit code: exit code ${code}`,
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  };
}

export const internalError = (message: string): object => ({
  metadata: {},
  status: 'Failure',
  reason: 'InternalError',
  message,
  code: 500,
});

/** Programs that end on SIGKILL of a signal report 128 + its number, as a shell does. */
const signalNumbers: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

/** Runs a command in a container for a client, to its end or until the client goes. */
export async function runExec(context: ContainerContext, request: ExecRequest, streams: ExecStreams): Promise<void> {
  const { child, terminal } = start(context, request);
  const kill = (): void => killGroup(child);
  streams.gone.addEventListener('abort', kill, { once: true });
  if (request.tty && !terminal)
    streams.stdout?.write('howdah: no terminal here: the program script (util-linux) is missing\r\n');
  child.stdin?.on('error', () => undefined);
  if (streams.stdin && child.stdin) streams.stdin.pipe(child.stdin);
  else child.stdin?.end();
  if (streams.stdout) child.stdout?.pipe(streams.stdout, { end: false });
  else child.stdout?.resume();
  const errors = streams.stderr ?? (request.tty ? streams.stdout : undefined);
  if (errors) child.stderr?.pipe(errors, { end: false });
  else child.stderr?.resume();
  streams.resize?.on('data', (text: Buffer) => {
    try {
      if (terminal) resizeTerminal(child, JSON.parse(text.toString('utf8')) as { Width?: number; Height?: number });
    } catch {
      // Half a message or none: the next one counts.
    }
  });
  const status = await new Promise<object>((resolve) => {
    child.on('error', (error) => resolve(internalError(`cannot run ${request.command[0] ?? ''}: ${error.message}`)));
    // "close" and not "exit": all output has arrived then.
    child.on('close', (code, signal) => resolve(statusOf(code ?? 128 + (signalNumbers[signal ?? ''] ?? 9))));
  });
  streams.gone.removeEventListener('abort', kill);
  streams.finish(status);
}
