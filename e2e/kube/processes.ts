import { spawn } from 'node:child_process';
import path from 'node:path';

export interface RunOptions {
  readonly cwd: string;
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** Takes the output instead of the terminal. */
  readonly collect?: boolean;
}

/**
 * Runs a program to its end; resolves to what it printed if that is collected. It has a process group of its own, so that Ctrl-C
 * reaches this process alone, which ends the group when `signal` aborts.
 */
export function run(file: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { cwd, input, env = {}, signal, collect = false } = options;
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd,
      detached: true,
      stdio: [input === undefined ? 'ignore' : 'pipe', collect ? 'pipe' : 'inherit', 'inherit'],
      env: { ...process.env, ...env },
    });
    const end = (): void => {
      if (child.pid === undefined || child.exitCode !== null) return;
      try {
        process.kill(-child.pid, 'SIGTERM');
      } catch {
        // It has ended by itself.
      }
    };
    signal?.addEventListener('abort', end);
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
    child.on('error', reject);
    child.on('close', (code, by) => {
      signal?.removeEventListener('abort', end);
      if (signal?.aborted) reject(signal.reason as Error);
      else if (code === 0) resolve(output);
      else reject(new Error(`${path.basename(file)} ${args.join(' ')}: ${by ?? `exit code ${code}`}`));
    });
  });
}

/** Does one part and says how long it took. */
export async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  let outcome = 'failed after ';
  try {
    const result = await work();
    outcome = '';
    return result;
  } finally {
    process.stdout.write(`--- ${what}: ${outcome}${((performance.now() - start) / 1000).toFixed(1)} s\n`);
  }
}
