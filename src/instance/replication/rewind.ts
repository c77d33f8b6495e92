import { chmod, readdir, readFile, rm, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import { type ControlData, parseControlData } from '../../postgres/control-data.ts';
import { connectionString } from '../../postgres/quote.ts';
import { segmentName, segmentNumber } from '../../postgres/wal-name.ts';
import { setStandby } from '../configuration/write.ts';
import { leadsOutside } from '../postmaster/tablespaces.ts';
import { runProgram } from '../programs/run.ts';
import { endProgramsOf } from '../postmaster/process.ts';

/** What is looked at before a byte is changed: a rewind that fails half-way costs the whole directory (fault F24). */
export interface RewindCheck {
  readonly program: boolean;
  readonly control: ControlData;
  /** Names in pg_wal. */
  readonly wal: readonly string[];
  readonly freeBytes: number;
  /** See `leadsOutside`. */
  readonly leadsOutside: boolean;
  /** Where the own timeline was left by the primary's. */
  readonly fork: { readonly timeline: number; readonly end: bigint } | undefined;
}

/** Room for what pg_rewind copies beside what it overwrites: WAL since the fork, changed files that have grown. */
const leastFree = 256 << 20;

/** Why this directory cannot be rewound; undefined when nothing speaks against it. */
export function rewindObstacle({
  program,
  control,
  wal,
  freeBytes,
  leadsOutside,
  fork,
}: RewindCheck): string | undefined {
  if (!program) return 'there is no pg_rewind in the image';
  if (control.dataChecksums === 0 && !control.walLogHints) return 'neither data checksums nor wal_log_hints are on';
  if (leadsOutside) return 'its tablespaces lie where pg_rewind would look through the whole root';
  if (fork === undefined) return "the primary's history does not name this timeline";
  const needed = segmentName(fork.timeline, segmentNumber(fork.end, control.walSegmentSize), control.walSegmentSize);
  if (!wal.includes(needed)) return `the WAL at the fork (${needed}) is gone`;
  if (freeBytes < leastFree) return `only ${Math.floor(freeBytes / (1 << 20))} MB are free`;
  return undefined;
}

export async function checkRewind(
  dataDirectory: string,
  program: boolean,
  control: ControlData,
  fork: RewindCheck['fork'],
): Promise<string | undefined> {
  const [wal, space, outside] = await Promise.all([
    readdir(path.join(dataDirectory, 'pg_wal')),
    statfs(dataDirectory),
    leadsOutside(dataDirectory),
  ]);
  const freeBytes = space.bavail * space.bsize;
  return rewindObstacle({ program, control, wal, freeBytes, leadsOutside: outside, fork });
}

export interface RewindOptions {
  readonly program: string;
  /** The server's own program: of the data directory's version. */
  readonly postgres: string;
  readonly dataDirectory: string;
  /** libpq's words for the primary. No secret is among them: a key is named by its file. */
  readonly source: Readonly<Record<string, string>>;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Nothing was changed. */
export class RewindRefused extends Error {
  override readonly name = 'RewindRefused';
}

/**
 * Makes a stopped directory a copy of the primary's from the fork on, to be started as a standby. First it is tried without changing
 * anything: RewindRefused. `begin` is done before the first byte changes; when it rejects after that the directory is of no more use.
 */
export async function rewind(
  { program, postgres, dataDirectory, source, log, signal }: RewindOptions,
  begin: () => Promise<void>,
): Promise<void> {
  await endProgramsOf(dataDirectory);
  // The one file that is kept from being written to, and that is replaced like all others.
  await chmod(path.join(dataDirectory, 'postgresql.auto.conf'), 0o600).catch(() => undefined);
  await rm(path.join(dataDirectory, 'postmaster.pid'), { force: true });
  await setStandby(dataDirectory, false);
  try {
    // A server that did not stop in good order is recovered alone, with nobody connected, which cannot be done to a standby.
    if (!(await stoppedInGoodOrder(dataDirectory)))
      await runProgram(postgres, ['--single', '-D', dataDirectory, 'template1'], log, signal);
    // No timeout of the user's may end it half-way.
    const options = '-c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c lock_timeout=0';
    const conninfo = connectionString({ ...source, options, application_name: 'howdah-rewind' });
    const args = [`--target-pgdata=${dataDirectory}`, `--source-server=${conninfo}`];
    await runProgram(program, [...args, '--dry-run'], log, signal).catch((cause: unknown) => {
      throw new RewindRefused(cause instanceof Error ? cause.message : String(cause), { cause });
    });
    await begin();
    await runProgram(program, args, log, signal);
  } finally {
    await setStandby(dataDirectory, true);
  }
}

async function stoppedInGoodOrder(dataDirectory: string): Promise<boolean> {
  const { state } = parseControlData(await readFile(path.join(dataDirectory, 'global/pg_control')));
  return state === 'shut down' || state === 'shut down in recovery';
}
