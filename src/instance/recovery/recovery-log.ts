// What PostgreSQL says of a recovery in its log (src/backend/access/transam/xlogrecovery.c), in English.
import { type Lsn, parseLsn } from '../../postgres/lsn.ts';

export interface RecoveryLog {
  /** `recovery stopping …`: the target was met. */
  readonly stopping: string | undefined;
  /** Time in that line: of the first transaction left out, or of the last one taken in. */
  readonly stoppingTime: Date | undefined;
  /** Of the last transaction that was replayed. */
  readonly lastTransaction: Date | undefined;
  readonly redoDone: Lsn | undefined;
  readonly newTimeline: number | undefined;
  /** FATAL and PANIC lines of the newest start, without what precedes them. */
  readonly fatal: readonly string[];
}

const last = (lines: readonly string[], pattern: RegExp): RegExpExecArray | undefined =>
  lines.map((line) => pattern.exec(line)).findLast((match) => match !== null) ?? undefined;

/** The log's times are in log_timezone, which recovery sets to UTC. */
const utc = (text: string | undefined): Date | undefined => {
  if (text === undefined) return undefined;
  const time = new Date(`${text.slice(0, 10)}T${text.slice(11, 23)}Z`);
  return Number.isNaN(time.getTime()) ? undefined : time;
};

/** Written before each start of the server: a recovery may take several. */
export const startMark = '== start\n';

export function readRecoveryLog(text: string): RecoveryLog {
  const lines = text.split('\n');
  const time = String.raw`(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?)`;
  const redo = last(lines, /redo done at ([0-9A-F]+\/[0-9A-F]+)/);
  const timeline = last(lines, /selected new timeline ID: (\d+)/);
  return {
    stopping: last(lines, /LOG:\s+(recovery stopping .*)$/)?.[1],
    stoppingTime: utc(last(lines, new RegExp(`recovery stopping .*time ${time}`))?.[1]),
    lastTransaction: utc(last(lines, new RegExp(`last completed transaction was at log time ${time}`))?.[1]),
    redoDone: redo ? parseLsn(redo[1] ?? '') : undefined,
    newTimeline: timeline ? Number(timeline[1]) : undefined,
    fatal: text
      .slice(text.lastIndexOf(startMark) + 1)
      .split('\n')
      .flatMap((line) => /(?:FATAL|PANIC):\s+(.*)$/.exec(line)?.[1] ?? [])
      .filter((line) => !/starting up|not yet accepting/.test(line)),
  };
}
