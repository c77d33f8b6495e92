import type { Scope } from './scope.ts';

/** What a decision was about; the type of its condition. */
export type Subject =
  'Primary' | 'Certificates' | 'Switchover' | 'Rollout' | 'Scaling' | 'Hibernation' | 'Maintenance' | 'Replication';

export interface Decided {
  /** Stable name of the rule that decided, as in the tables of state-machines/. */
  readonly rule: string;
  /** Whether what the condition is named after is as it should be. */
  readonly status: 'True' | 'False' | 'Unknown';
  readonly message: string;
  /** Said to people once, when the rule or the message is another than before. */
  readonly event?: { readonly type: 'Normal' | 'Warning'; readonly reason: string };
}

export const subjectCondition = (subject: Subject): string => `howdah.dev/${subject}`;

/** `holder-is-new` → `HolderIsNew`, as reasons of conditions are written. */
export const reasonOf = (rule: string): string =>
  rule
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

/** A decision is seen three times: in a condition, in the log, and in an event when it is one that people should hear of. */
export function decided(scope: Scope, subject: Subject, { rule, status, message, event }: Decided): void {
  const type = subjectCondition(subject);
  const before = scope.cluster.status?.conditions?.find((condition) => condition.type === type);
  const text = `${rule}: ${message}`;
  scope.report.condition({ type, status, reason: reasonOf(rule), message: text });
  if (before?.reason === reasonOf(rule) && before.message === text) return;
  scope.log.info({ subject, rule }, message);
  if (event !== undefined) scope.emit({ ...event, message: text });
}
