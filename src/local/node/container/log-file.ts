import { appendFile, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { watch, type FSWatcher } from 'node:fs';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { writeAtomically } from '../model/records.ts';
import { outputFiles } from './start.ts';

export const logFile = (directory: string): string => path.join(directory, 'log');
/** Older first. */
export const rotatedLogFiles = (directory: string): string[] => [2, 1].map((age) => `${logFile(directory)}.${age}`);

const chunkBytes = 262_144;
const gatherMs = 40;
const pollMs = 500;
const maxLineBytes = 16_384;

export interface LogLimits {
  /** Size at which a log is rotated; three are kept. */
  readonly rotateBytes: number;
  /** What is consumed of an output file is given back to the file system in steps of this size. */
  readonly punchBytes: number;
}
const usual: LogLimits = { rotateBytes: 10 << 20, punchBytes: 4 << 20 };

interface Stream {
  readonly name: (typeof outputFiles)[number];
  offset: number;
  punched: number;
  rest: Buffer;
}

/**
 * Turns a run's output files into one log with time and stream on each line ("2026-01-01T00:00:00.000Z stdout F text", the format of
 * the Container Runtime Interface). The time is that of reading, some tens of milliseconds late; what was written while the node's
 * process was down gets the time of its return. A kill between log and position may repeat the last lines, never lose one.
 */
export class LogPump {
  readonly #directory: string;
  readonly #limits: LogLimits;
  readonly #streams: Stream[] = outputFiles.map((name) => ({ name, offset: 0, punched: 0, rest: Buffer.alloc(0) }));
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #poller: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(directory: string, limits: LogLimits = usual) {
    this.#directory = directory;
    this.#limits = limits;
  }

  async start(): Promise<void> {
    const text = await readFile(this.#positionFile, 'utf8').catch(() => '[]');
    const offsets = JSON.parse(text) as number[];
    this.#streams.forEach((stream, index) => (stream.offset = offsets[index] ?? 0));
    try {
      this.#watcher = watch(this.#directory, (_, name) => {
        if (name === null || outputFiles.some((output) => output === name)) this.#soon();
      });
      this.#watcher.on('error', () => this.#poll());
    } catch {
      this.#poll();
    }
    this.#soon();
  }

  /** Where the kernel has no more watches to give. */
  #poll(): void {
    this.#poller ??= setInterval(() => this.#soon(), pollMs);
  }

  /** Everything written so far is in the log when this resolves. */
  async flush(last = false): Promise<void> {
    this.#work = this.#work.then(() => this.#pump(last)).catch(() => undefined);
    await this.#work;
  }

  async stop(last: boolean): Promise<void> {
    this.#watcher?.close();
    clearInterval(this.#poller);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.flush(last);
  }

  get #positionFile(): string {
    return path.join(this.#directory, 'position');
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.flush();
    }, gatherMs);
  }

  async #pump(last: boolean): Promise<void> {
    let moved = false;
    for (const stream of this.#streams) {
      while (await this.#take(stream)) moved = true;
      if (last && stream.rest.length > 0) {
        await appendFile(logFile(this.#directory), this.#line(stream, stream.rest, 'F'), { mode: 0o600 });
        stream.rest = Buffer.alloc(0);
        moved = true;
      }
      if (stream.offset - stream.punched > this.#limits.punchBytes) this.#punch(stream);
    }
    if (!moved) return;
    // Half of it would cost the container at the node's return.
    const positions = this.#streams.map(({ offset, rest }) => offset - rest.length);
    await writeAtomically(this.#positionFile, JSON.stringify(positions));
    await this.#rotate();
  }

  /** Reads one chunk; false at the end of the file. */
  async #take(stream: Stream): Promise<boolean> {
    const file = await open(path.join(this.#directory, stream.name), 'r').catch(() => undefined);
    if (!file) return false;
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, stream.offset);
      if (bytesRead === 0) return false;
      stream.offset += bytesRead;
      await appendFile(logFile(this.#directory), this.#lines(stream, buffer.subarray(0, bytesRead)), { mode: 0o600 });
      return true;
    } finally {
      await file.close();
    }
  }

  #lines(stream: Stream, chunk: Buffer): string {
    const bytes = Buffer.concat([stream.rest, chunk]);
    let text = '';
    let from = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      text += this.#line(stream, bytes.subarray(from, end), 'F');
      from = end + 1;
    }
    stream.rest = bytes.subarray(from);
    while (stream.rest.length > maxLineBytes) {
      text += this.#line(stream, stream.rest.subarray(0, maxLineBytes), 'P');
      stream.rest = stream.rest.subarray(maxLineBytes);
    }
    return text;
  }

  #line(stream: Stream, bytes: Buffer, tag: 'F' | 'P'): string {
    return `${new Date().toISOString()} ${stream.name} ${tag} ${bytes.toString('utf8')}\n`;
  }

  /** Gives the space of what was read back without moving the writer's position; where that cannot be done the file just grows. */
  #punch(stream: Stream): void {
    const until = stream.offset - stream.rest.length;
    const file = path.join(this.#directory, stream.name);
    execFile('fallocate', ['--punch-hole', '--offset', '0', '--length', String(until), file], () => undefined);
    stream.punched = until;
  }

  async #rotate(): Promise<void> {
    const file = logFile(this.#directory);
    const { size } = await stat(file);
    if (size < this.#limits.rotateBytes) return;
    const [oldest = '', old = ''] = rotatedLogFiles(this.#directory);
    await rm(oldest, { force: true });
    await rename(old, oldest).catch(() => undefined);
    await rename(file, old);
  }
}
