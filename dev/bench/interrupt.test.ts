import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';

/** Command lines of the processes that hold `text` in it or in their environment, by id. */
async function processesWith(text: string): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
    const [line, variables] = await Promise.all([read('cmdline'), read('environ')]);
    if (line.includes(text) || variables.includes(text)) found.set(Number(pid), line.replaceAll('\0', ' '));
  }
  return found;
}

/** Command lines of a process's children, and of theirs. */
async function descendants(pid: number): Promise<string[]> {
  const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
  const children = (await read(`task/${pid}/children`)).split(' ').filter(Boolean).map(Number);
  const below = await Promise.all(children.map(descendants));
  return [(await read('cmdline')).replaceAll('\0', ' '), ...below.flat()];
}

test.each<[string[], string, RegExp]>([
  [['wal', '--runs', '1'], 'its WAL is made', /^postgres: .* (INSERT|UPDATE|DELETE)/],
  [['backup', '--size', '16', '--runs', '1'], 'its database is filled', /^postgres: .* (CREATE|INSERT)/],
])(
  'the bench %j that is interrupted while %s leaves no process and no directory',
  async (args, _, seen) => {
    const place = await mkdtemp(path.join(os.tmpdir(), 'hwi-'));
    // PostgreSQL runs as somebody else where we are root.
    await chmod(place, 0o755);
    const bench = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', path.join(path.dirname(import.meta.dirname), 'bench.ts'), ...args],
      { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, TMPDIR: place } },
    );
    let said = '';
    bench.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = once(bench, 'close');
    try {
      while (bench.exitCode === null && !(await descendants(bench.pid ?? 0)).some((line) => seen.test(line)))
        await delay(20);
      bench.kill('SIGINT');
      expect(await ended).toEqual([1, null]);
      expect(said).toContain('ended by SIGINT');
      // What PostgreSQL had archived a segment by ends a moment after it.
      for (let tries = 0; (await processesWith(place)).size > 0 && tries < 300; tries += 1) await delay(100);
      expect([...(await processesWith(place)).values()]).toEqual([]);
      // PostgreSQL's programs are kept for the next one.
      expect((await readdir(place)).filter((name) => !name.startsWith('howdah-test-postgres-'))).toEqual([]);
    } finally {
      for (const pid of (await processesWith(place)).keys()) process.kill(pid, 'SIGKILL');
      await rm(place, { recursive: true, force: true });
    }
  },
  600_000,
);
