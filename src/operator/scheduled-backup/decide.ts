import { nextTime } from '../../api/scheduled-backup/next.ts';
import type { Schedule } from '../../api/scheduled-backup/schedule.ts';

/** What is known of a ScheduledBackup when it is looked at. */
export interface ScheduleFacts {
  readonly schedule: Schedule;
  readonly suspended: boolean;
  readonly immediate: boolean;
  /** When the schedule was last looked at and followed; undefined for one that is new. */
  readonly lastCheck: Date | undefined;
  readonly clusterExists: boolean;
  /** A backup of this schedule that has not ended. */
  readonly unfinished: string | undefined;
  readonly now: Date;
}

export type ScheduleDecision =
  | { readonly rule: 'suspended' }
  | { readonly rule: 'never' }
  /** Looked at for the first time: its moments count from now. */
  | { readonly rule: 'begin'; readonly next: Date }
  | { readonly rule: 'wait'; readonly next: Date }
  | { readonly rule: 'wait-for-cluster'; readonly next: Date }
  | { readonly rule: 'wait-for-backup'; readonly next: Date; readonly backup: string }
  | { readonly rule: 'create'; readonly at: Date; readonly immediate: boolean; readonly next: Date };

/**
 * What is to be done for a schedule now. Of moments that nobody could keep (the operator was down, the backup before took too long,
 * the cluster was not there) the first is made up for, once; the others are not (reference §2.17).
 */
export function decide(facts: ScheduleFacts): ScheduleDecision {
  const { schedule, lastCheck, now } = facts;
  if (facts.suspended) return { rule: 'suspended' };
  const next = nextTime(schedule, now);
  if (next === undefined) return { rule: 'never' };
  const first = lastCheck === undefined;
  if (first && !facts.immediate) return { rule: 'begin', next };
  const due = first ? now : nextTime(schedule, lastCheck);
  if (due === undefined || due > now) return { rule: 'wait', next: due ?? next };
  if (!facts.clusterExists) return { rule: 'wait-for-cluster', next: due };
  if (facts.unfinished !== undefined) return { rule: 'wait-for-backup', next: due, backup: facts.unfinished };
  return { rule: 'create', at: due, immediate: first, next };
}
