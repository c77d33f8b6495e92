import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Logger } from '../log/logger.ts';

/** Runs a program to its end, its output in the log; rejects with its last words when it fails. */
export async function runProgram(
  file: string,
  args: readonly string[],
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], signal, killSignal: 'SIGTERM' });
  const errors: string[] = [];
  createInterface(child.stdout).on('line', (line) => log.debug(line));
  createInterface(child.stderr).on('line', (line) => {
    errors.push(line);
    log.info(line);
  });
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, killed) => {
      if (code === 0) resolve();
      else reject(new Error(`${file} failed (${code ?? killed}): ${errors.slice(-5).join(' ')}`));
    });
  });
}
