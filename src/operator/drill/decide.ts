import type { HowdahStatus } from '../../api/generated/cluster.ts';
import { nextTime } from '../../api/scheduled-backup/next.ts';
import type { Schedule } from '../../api/scheduled-backup/schedule.ts';

export type DrillStatus = NonNullable<HowdahStatus['restoreDrill']>;
export type DrillVerification = NonNullable<HowdahStatus['verification']>;

/** What is known when a cluster's restore drills are looked at. */
export interface DrillFacts {
  readonly schedule: Schedule;
  readonly now: Date;
  /** When the annotation was first seen counts as this until there was a drill. */
  readonly since: Date;
  readonly status: DrillStatus | undefined;
  /** Something that a drill could restore is there. */
  readonly restorable: boolean;
  /** The throw-away cluster, as far as it is there. */
  readonly restored:
    { readonly verification: DrillVerification | undefined; readonly failure: string | undefined } | undefined;
}

export type DrillDecision =
  | { readonly rule: 'wait'; readonly next: Date }
  | { readonly rule: 'nothing-to-restore'; readonly next: Date }
  | { readonly rule: 'begin' }
  | { readonly rule: 'create' }
  | { readonly rule: 'watch' }
  | { readonly rule: 'end'; readonly outcome: DrillStatus }
  /** A throw-away that no drill is under way for. */
  | { readonly rule: 'clean-up' };

/** A drill that takes longer has failed. */
const limitMs = 6 * 3_600_000;

const seconds = (from: string, to: string): number =>
  Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000));
const whole = (time: Date): string => time.toISOString().replace(/\.\d+Z$/, 'Z');

function outcome(facts: DrillFacts, startedAt: string): DrillStatus | undefined {
  const ended = { startedAt, endedAt: whole(facts.now) };
  const { verification, failure } = facts.restored ?? {};
  if (failure !== undefined) return { phase: 'failed', ...ended, message: failure };
  if (verification === undefined) {
    if (facts.now.getTime() - Date.parse(startedAt) < limitMs) return undefined;
    return { phase: 'failed', ...ended, message: 'the restore did not come to its end within 6 hours' };
  }
  const [problem, ...more] = verification.problems ?? [];
  return {
    phase: problem === undefined ? 'succeeded' : 'failed',
    ...ended,
    recoverySeconds: seconds(startedAt, verification.startedAt ?? startedAt),
    ...(verification.recoveredTo === undefined
      ? {}
      : { recoveryPointSeconds: seconds(verification.recoveredTo, startedAt) }),
    ...(problem === undefined ? {} : { message: `${problem}${more.length > 0 ? `, and ${more.length} more` : ''}` }),
    verification,
  };
}

/** Ordered rules, the first that fits. */
export function decideDrill(facts: DrillFacts): DrillDecision {
  const { schedule, now, since, status, restored } = facts;
  if (status?.phase === 'running' && status.startedAt !== undefined) {
    const ended = outcome(facts, status.startedAt);
    if (ended !== undefined) return { rule: 'end', outcome: ended };
    return restored === undefined ? { rule: 'create' } : { rule: 'watch' };
  }
  if (restored !== undefined) return { rule: 'clean-up' };
  const due = nextTime(schedule, status?.startedAt === undefined ? since : new Date(status.startedAt)) ?? now;
  if (due > now) return { rule: 'wait', next: due };
  if (!facts.restorable) return { rule: 'nothing-to-restore', next: nextTime(schedule, now) ?? now };
  return { rule: 'begin' };
}
