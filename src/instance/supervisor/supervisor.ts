// Our side of scripts/supervise, which is the parent of both the manager and postgres.
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { bootTime } from './boot-clock.ts';

export interface PostgresExit {
  readonly pid: number;
  /** As a shell has it: 128 + signal for a death by signal. */
  readonly status: number;
}

export interface Supervisor {
  /** Says that postgres may live until then (hundredths of a second of the boot clock), or for the watchdog's time from now on. */
  heartbeat(until?: number): void;
  /** Asks for postgres to be started with this command; does nothing where one runs. */
  start(command: readonly string[]): void;
  /** A start was asked for, by this manager or one before, and the supervisor may obey at any moment. Ask before `postgresPid`. */
  isStartPending(): boolean;
  /** Process id of the postgres that the supervisor owns, while it runs. */
  postgresPid(): number | undefined;
  lastExit(): PostgresExit | undefined;
  /** Since when, in milliseconds of wall time, the container is to end. */
  terminatingSince(): number | undefined;
  /** SIGTERM does not end this process any more: before that it is not passed on. */
  hears(): void;
  /** The next end of the manager is for good. */
  done(exitCode: number): void;
  /** False once the supervisor was killed: nobody would reap postgres or end it any more. */
  present(): boolean;
  readonly directory: string;
  readonly pid: number;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function writeWhole(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function connectSupervisor(variables: Readonly<Record<string, string | undefined>> = process.env): Supervisor {
  const directory = variables['HOWDAH_SUPERVISOR'];
  const parent = Number(variables['HOWDAH_SUPERVISOR_PID']);
  if (directory === undefined || !Number.isInteger(parent)) {
    throw new Error('`howdah instance run` runs under its supervisor only (bin/supervise instance run)');
  }
  const watchdog = Number(variables['HOWDAH_WATCHDOG_SECONDS'] ?? 30) * 100;
  const at = (name: string): string => path.join(directory, name);
  const tell = (line: string): void => {
    const fifo = openSync(at('control'), constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      writeSync(fifo, `${line}\n`);
    } finally {
      closeSync(fifo);
    }
  };
  return {
    directory,
    pid: parent,
    heartbeat: (until = bootTime() + watchdog) => tell(`until=${until};`),
    start(command) {
      if (process.ppid !== parent) throw new Error('the supervisor is gone');
      writeWhole(at('postgres.argv'), command.map((argument) => `${argument}\n`).join(''));
      tell('start;');
    },
    isStartPending: () => existsSync(at('postgres.argv')) || existsSync(at('postgres.order')),
    postgresPid() {
      const text = readText(at('postgres.pid'));
      return text === undefined || text === '' ? undefined : Number(text);
    },
    lastExit() {
      const [pid, status] = (readText(at('postgres.exit')) ?? '').split(' ').map(Number);
      return pid === undefined || status === undefined ? undefined : { pid, status };
    },
    terminatingSince() {
      return existsSync(at('terminating')) ? statSync(at('terminating')).mtimeMs : undefined;
    },
    hears: () => tell(`hears=${process.pid};`),
    done: (exitCode) => tell(`done=${exitCode};`),
    present: () => process.ppid === parent,
  };
}
