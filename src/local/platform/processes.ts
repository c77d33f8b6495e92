import { readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that cannot be mistaken for a later one of the same number. */
export interface ProcessId {
  readonly pid: number;
  /** Start time in clock ticks since boot (field 22 of /proc/PID/stat). */
  readonly start: string;
}

export interface RunRecord extends ProcessId {
  /** How often in a row it has died young. */
  readonly failures: number;
  /** What it was started from; a change of program or configuration is seen by a difference. */
  readonly fingerprint: string;
}

/** The start time of a live process; undefined when there is none (a zombie is dead). */
export async function startTime(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // The second field, in parentheses, may itself hold blanks and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

export const isAlive = async (id: ProcessId): Promise<boolean> => (await startTime(id.pid)) === id.start;

export async function sendSignal(id: ProcessId, signal: NodeJS.Signals): Promise<void> {
  if (!(await isAlive(id))) return;
  try {
    process.kill(id.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Waits for the end of a process; false when it still lives at the deadline. */
export async function waitForEnd(id: ProcessId, milliseconds: number, signal?: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + milliseconds;
  while (await isAlive(id)) {
    if (performance.now() > deadline) return false;
    await sleep(50, undefined, signal ? { signal } : {});
  }
  return true;
}

/** `signal`, and SIGKILL when that did not end it in time. */
export async function endProcess(id: ProcessId, signal: NodeJS.Signals, milliseconds: number): Promise<void> {
  await sendSignal(id, signal);
  if (await waitForEnd(id, milliseconds)) return;
  await sendSignal(id, 'SIGKILL');
  await waitForEnd(id, 5_000);
}

const recordFile = (run: string, name: string): string => path.join(run, `${name}.pid`);

export async function writeRecord(run: string, name: string, record: RunRecord): Promise<void> {
  const file = recordFile(run, name);
  await writeFile(`${file}.new`, `${JSON.stringify(record)}\n`);
  await rename(`${file}.new`, file);
}

export async function readRecord(run: string, name: string): Promise<RunRecord | undefined> {
  const text = await readFile(recordFile(run, name), 'utf8').catch(() => '');
  try {
    return JSON.parse(text) as RunRecord;
  } catch {
    return undefined;
  }
}

export const removeRecord = (run: string, name: string): Promise<void> => rm(recordFile(run, name), { force: true });

/** What run/ says is running and is. Records of the dead are left to whoever starts the next. */
export async function liveRecords(run: string): Promise<Map<string, RunRecord>> {
  const live = new Map<string, RunRecord>();
  for (const file of await readdir(run).catch(() => [])) {
    if (!file.endsWith('.pid')) continue;
    const name = file.slice(0, -'.pid'.length);
    const record = await readRecord(run, name);
    if (record && (await isAlive(record))) live.set(name, record);
  }
  return live;
}
