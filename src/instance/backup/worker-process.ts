import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type WorkerCommand, allocation } from '../programs/worker-command.ts';
import type { RunBackup } from './run-backup.ts';
import type { FromWorker, ToWorker, WorkerRequest } from './worker-messages.ts';

/** It removes what it has stored before it ends. */
const endPatience = 60_000;

/**
 * Takes a backup in a process of its own: its buffers are given back, and nothing of the manager waits for it. The request holds
 * keys, so it goes over the channel and not into arguments or environment.
 */
export async function backUpInWorker(command: WorkerCommand, run: RunBackup): Promise<{ id: string; stoppedAt: Date }> {
  const { archive, name, status, sql, replication, asked, walPatience, signal } = run;
  signal.throwIfAborted();
  const child = spawn(command.file, command.args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
    env: { ...process.env, ...allocation },
  });
  const send = (message: ToWorker): void => {
    if (child.connected) child.send(message, () => undefined);
  };
  let outcome: Exclude<FromWorker, { kind: 'write' }> | undefined;
  child.on('message', (message: FromWorker) => {
    if (message.kind !== 'write') outcome = message;
    else
      run.write(message.status).then(
        () => send({ kind: 'written', error: undefined }),
        (error: unknown) => send({ kind: 'written', error: error instanceof Error ? error.message : String(error) }),
      );
  });
  let force: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill('SIGTERM');
    force = setTimeout(() => child.kill('SIGKILL'), endPatience);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    const request: WorkerRequest = { config: archive.config, name, status, sql, replication, asked, walPatience };
    send({ kind: 'run', request });
    const [code, killed] = await ended;
    signal.throwIfAborted();
    if (outcome?.kind === 'completed') return { id: outcome.id, stoppedAt: outcome.stoppedAt };
    if (outcome) throw new Error(outcome.message);
    throw new Error(`the process that took the backup ended with ${killed ?? `exit code ${code}`}`);
  } finally {
    signal.removeEventListener('abort', stop);
    clearTimeout(force);
  }
}
