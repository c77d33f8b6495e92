// `npm run dev`: the embedded platform, built and started anew whenever a source file has changed. Data stay, as in `howdah local down` and
// `up`; Ctrl-C stops the platform in good order.
import { spawn } from 'node:child_process';
import { watch } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = path.dirname(import.meta.dirname);
const howdah = path.join(root, 'dist/howdah/bin/howdah');
/** Editors write several files at once. */
const settleMs = 300;

function run(file: string, ...args: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: root, stdio: 'inherit', detached: true });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** Resolves to whether the platform runs what the sources say. */
async function reload(nodes: string): Promise<boolean> {
  if ((await run(process.execPath, 'dev/build.ts')) !== 0) return false;
  await run(howdah, 'local', 'down');
  return (await run(howdah, 'local', 'up', '--nodes', nodes)) === 0;
}

async function changes(directory: string, signal: AbortSignal, changed: () => void): Promise<void> {
  try {
    for await (const { filename } of watch(path.join(root, directory), { recursive: true, signal })) {
      if (filename?.endsWith('.ts') && !filename.endsWith('.test.ts')) changed();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort());
let pending: (() => void) | undefined;
let dirty = false;
const changed = (): void => {
  dirty = true;
  pending?.();
};
const watching = ['src', 'state-machines'].map((directory) => changes(directory, stop.signal, changed));
stop.signal.addEventListener('abort', () => pending?.());
const nodes = process.argv[2] ?? '3';
process.stdout.write(
  (await reload(nodes)) ? 'export KUBECONFIG=$PWD/.howdah/kubeconfig\n' : 'not started; mend it and save\n',
);
while (!stop.signal.aborted) {
  if (!dirty) await new Promise<void>((resolve) => (pending = resolve));
  if (stop.signal.aborted) break;
  await sleep(settleMs);
  dirty = false;
  process.stdout.write((await reload(nodes)) ? 'reloaded\n' : 'the platform before this change goes on, or none\n');
}
await run(howdah, 'local', 'down');
await Promise.all(watching);
