import { formatLsn, type Lsn } from '../../postgres/lsn.ts';
import { parseWalName, segmentNumberBefore, segmentOf } from '../../postgres/wal-name.ts';
import type { ArchivedRange } from './archive-gap.ts';
import type { RecoveryLog } from './recovery-log.ts';
import { HopelessError } from './hopeless.ts';
import { type RecoveryTarget, describeGoal, goalField } from './target.ts';

/** Where a recovery came to its end. */
export interface RecoveryEnd {
  readonly lsn: Lsn;
  readonly segmentSize: number;
}

/** A recovery that ended somewhere else than it was told to. */
export class RecoveryTargetError extends HopelessError {
  override readonly name = 'RecoveryTargetError';
}

const notMet = (target: RecoveryTarget, found: string): RecoveryTargetError =>
  new RecoveryTargetError(`${goalField(target.goal)}: recovery did not end at ${describeGoal(target.goal)}: ${found}`);

/**
 * Holds what PostgreSQL reported against what was asked for, after recovery. PostgreSQL itself refuses to end before a target;
 * what it cannot know is that the archive's end that it met was a hole. `archived` is what the archive held when the target was resolved,
 * on the whole history that recovery followed; what has come since need not be in it.
 */
export function verifyEnd(target: RecoveryTarget, log: RecoveryLog, end: RecoveryEnd, archived: ArchivedRange): void {
  const { goal } = target;
  const stopping = log.stopping ?? 'PostgreSQL did not say that it stopped at a target';
  if (goal.kind === 'latest') {
    const file = parseWalName(archived.newest ?? '');
    const newest = file?.kind === 'segment' ? segmentOf(file, end.segmentSize) : undefined;
    if (newest !== undefined && newest > segmentNumberBefore(end.lsn, end.segmentSize)) {
      const missing = archived.gap === undefined ? '' : `; segment ${archived.gap} is missing`;
      throw notMet(
        target,
        `it ended at ${formatLsn(end.lsn)} although the archive goes on to ${archived.newest}${missing}`,
      );
    }
    return;
  }
  if (log.stopping === undefined) throw notMet(target, stopping);
  if (goal.kind === 'time') {
    if (log.stoppingTime && log.stoppingTime.getTime() < goal.time.getTime()) throw notMet(target, stopping);
    if (log.lastTransaction && log.lastTransaction.getTime() > goal.time.getTime()) {
      throw notMet(target, `a transaction of ${log.lastTransaction.toISOString()} was replayed`);
    }
  }
  if (goal.kind === 'xid' && !new RegExp(`transaction ${goal.xid}\\b`).test(stopping)) throw notMet(target, stopping);
  if (goal.kind === 'name' && !stopping.includes(`"${goal.name}"`)) throw notMet(target, stopping);
  if (goal.kind === 'lsn' && end.lsn < goal.lsn && target.inclusive)
    throw notMet(target, `it ended at ${formatLsn(end.lsn)}`);
  if (goal.kind === 'immediate' && !stopping.includes('consistency')) throw notMet(target, stopping);
}

/** Why PostgreSQL ended instead of finishing recovery. Only a target that the archive does not reach is beyond another try. */
export function explainFailure(target: RecoveryTarget, log: RecoveryLog, text: string, archived: ArchivedRange): Error {
  const early = log.fatal.find((line) => line.includes('recovery ended before configured recovery target was reached'));
  const gap = archived.gap === undefined ? '' : `; WAL segment ${archived.gap} is missing in the archive`;
  if (early !== undefined) {
    const last = log.lastTransaction?.toISOString();
    const reached =
      last === undefined
        ? 'the archive holds no transaction after the backup'
        : `the last transaction in the archive is of ${last}`;
    return new RecoveryTargetError(
      `${goalField(target.goal)}: ${early}: the target is ${describeGoal(target.goal)}, and ${reached}${gap}`,
    );
  }
  const request = text.split('\n').findLast((line) => line.startsWith('wal-request:'));
  const said = [...log.fatal.slice(-3), ...(request === undefined ? [] : [request])].join('; ');
  const words = said === '' ? (text.trim().split('\n').at(-1) ?? 'it said nothing') : said;
  return new Error(`PostgreSQL ended during recovery: ${words}${gap}`);
}
