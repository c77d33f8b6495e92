import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { tag } from '../tagged.ts';

export interface Measured {
  readonly seconds: number;
  /** Highest sum of the proportional memory (PSS) of all processes of the program, MiB. */
  readonly memory: number;
  /** Processor time of the program's processes as last seen, seconds. */
  readonly cpu: number;
}

const interval = 100;
const ticks = 100;

const seconds = (fields: readonly (string | undefined)[]): number =>
  fields.reduce((sum, field) => sum + Number(field), 0) / ticks;

/** The fields of /proc/PID/stat from the state on (proc(5)), which is number 0 here. */
const statOf = async (pid: number | string): Promise<string[]> =>
  (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ');

/** Processor time of the children that this process has waited for, seconds. */
export const waitedFor = async (): Promise<number> => seconds((await statOf('self')).slice(13, 15));

/** Processor time of a process and of its children, those under way and those that it has waited for, seconds. */
export async function processorOf(parent: number): Promise<number> {
  let sum = seconds((await statOf(parent)).slice(11, 15));
  const children = await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8');
  for (const child of children.split(' ').filter(Boolean)) sum += await processorOf(Number(child));
  return sum;
}

/** Memory and processor time of every process whose command line holds `mark`. */
async function sample(mark: string | RegExp): Promise<Map<string, { memory: number; cpu: number }>> {
  const found = new Map<string, { memory: number; cpu: number }>();
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    try {
      const line = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
      if (!(typeof mark === 'string' ? line.includes(mark) : mark.test(line))) continue;
      const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
      const stat = await statOf(pid);
      const memory = Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) / 1024;
      found.set(pid, { memory, cpu: seconds(stat.slice(11, 13)) });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/** Time of `work` and what the processes that hold `mark` in their command line took meanwhile. */
export async function measure(mark: string | RegExp, work: () => Promise<unknown>): Promise<Measured> {
  let memory = 0;
  const cpu = new Map<string, number>();
  let over = false;
  const start = performance.now();
  const done = work().finally(() => (over = true));
  // It is awaited below.
  done.catch(() => undefined);
  while (!over) {
    const seen = await sample(mark);
    memory = Math.max(
      memory,
      [...seen.values()].reduce((sum, one) => sum + one.memory, 0),
    );
    for (const [pid, one] of seen) cpu.set(pid, one.cpu);
    await Promise.race([done.catch(() => undefined), new Promise((resolve) => setTimeout(resolve, interval))]);
  }
  const took = (performance.now() - start) / 1000;
  await done;
  return { seconds: took, memory, cpu: [...cpu.values()].reduce((sum, one) => sum + one, 0) };
}

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
}

/** Runs a program to its end; its output is in the error when it fails. */
export async function run({ file, args, env = {}, user }: Program): Promise<void> {
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '', ...tag, ...env },
    ...(user && { uid: user.uid, gid: user.gid }),
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${file} ended with ${code}: ${output.slice(-2000)}`);
}
