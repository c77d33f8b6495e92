import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type pg from 'pg';
import type { Acknowledgement } from '../checker/overlap.ts';
import { nodeNumber } from './nodes.ts';

export interface InsideSession extends AsyncDisposable {
  readonly acknowledgements: readonly (Acknowledgement & { readonly id: number })[];
  readonly ended: boolean;
}

/**
 * A client on the node itself (of e2e/kube), which goes on writing to the primary there when the node is cut off from all others. The
 * table must be there.
 */
export async function insideSession(node: string, config: pg.ClientConfig, table: string): Promise<InsideSession> {
  const program = path.join(import.meta.dirname, 'open-session.ts');
  const child = spawn(
    'ip',
    [
      'netns',
      'exec',
      `howdah-n${nodeNumber(node)}`,
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      program,
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const acknowledgements: (Acknowledgement & { id: number })[] = [];
  let ended = false;
  // Its last words have been read by then.
  const closed = once(child, 'close').then(() => (ended = true));
  const lines = createInterface(child.stdout);
  lines.on('line', (line) => acknowledgements.push(JSON.parse(line) as Acknowledgement & { id: number }));
  child.stdin.end(JSON.stringify({ config: { ...config, ssl: { rejectUnauthorized: false } }, table }));
  return {
    acknowledgements,
    get ended() {
      return ended;
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await closed;
    },
  };
}
