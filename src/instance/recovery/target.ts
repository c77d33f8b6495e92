import { parseLsn } from '../../postgres/lsn.ts';
import { HopelessError } from './hopeless.ts';

/** bootstrap.recovery.recoveryTarget (reference §1.1). */
export interface RecoveryTargetSpec {
  readonly backupID?: string | undefined;
  readonly targetTLI?: string | undefined;
  readonly targetXID?: string | undefined;
  readonly targetName?: string | undefined;
  readonly targetLSN?: string | undefined;
  readonly targetTime?: string | undefined;
  readonly targetImmediate?: boolean | undefined;
  readonly exclusive?: boolean | undefined;
}

export type RecoveryGoal =
  | { readonly kind: 'latest' }
  | { readonly kind: 'immediate' }
  /** `text` as PostgreSQL gets it, with all digits; `time` cut to milliseconds. */
  | { readonly kind: 'time'; readonly text: string; readonly time: Date }
  | { readonly kind: 'lsn'; readonly lsn: bigint }
  | { readonly kind: 'xid'; readonly xid: string }
  | { readonly kind: 'name'; readonly name: string };

export interface RecoveryTarget {
  readonly goal: RecoveryGoal;
  readonly inclusive: boolean;
  /** 'latest' or a number. */
  readonly timeline: 'latest' | number;
  readonly backupId: string | undefined;
}

/** What was asked for cannot be done with this archive, or with any. Nothing has been written. */
export class RecoveryRequestError extends HopelessError {
  override readonly name = 'RecoveryRequestError';
}

/** The place of a part of the target in the Cluster, for messages. */
export const fieldOf = (name: keyof RecoveryTargetSpec): string => `spec.bootstrap.recovery.recoveryTarget.${name}`;

const goalFields = {
  latest: 'targetTLI',
  immediate: 'targetImmediate',
  time: 'targetTime',
  lsn: 'targetLSN',
  xid: 'targetXID',
  name: 'targetName',
} as const satisfies Record<RecoveryGoal['kind'], keyof RecoveryTargetSpec>;

/** The field that says where recovery ends. */
export const goalField = ({ kind }: RecoveryGoal): string => fieldOf(goalFields[kind]);

const timePattern = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(\.\d{1,9})?\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?$/i;

/** RFC 3339 or PostgreSQL's own form; without a zone it is UTC. */
export function parseTargetTime(text: string): { text: string; time: Date } {
  const match = timePattern.exec(text.trim());
  if (!match)
    throw new RecoveryRequestError(
      `${fieldOf('targetTime')}: "${text}" is neither an RFC 3339 time nor one as PostgreSQL writes it`,
    );
  const [, date = '', clock = '', fraction = '', zone = 'Z'] = match;
  const named = /^[A-Z]/i.test(zone) ? '+00:00' : zone;
  const digits = named.slice(1).replace(':', '').padEnd(4, '0');
  const offset = `${named[0]}${digits.slice(0, 2)}:${digits.slice(2)}`;
  const seconds = clock.length === 5 ? `${clock}:00` : clock;
  // PostgreSQL keeps microseconds; JavaScript milliseconds.
  const time = new Date(`${date}T${seconds}${fraction.slice(0, 4)}${offset}`);
  if (Number.isNaN(time.getTime())) throw new RecoveryRequestError(`${fieldOf('targetTime')}: "${text}" is not a time`);
  return { text: `${date} ${seconds}${fraction.slice(0, 7)}${offset}`, time };
}

function parseTimeline(text: string | undefined): 'latest' | number {
  if (text === undefined || text === '' || text === 'latest') return 'latest';
  if (!/^[1-9]\d*$/.test(text))
    throw new RecoveryRequestError(`${fieldOf('targetTLI')}: "${text}" is neither a number nor "latest"`);
  return Number(text);
}

export function parseTarget(spec: RecoveryTargetSpec = {}): RecoveryTarget {
  const goals: RecoveryGoal[] = [];
  if (spec.targetTime !== undefined) goals.push({ kind: 'time', ...parseTargetTime(spec.targetTime) });
  if (spec.targetLSN !== undefined) goals.push({ kind: 'lsn', lsn: parseLsn(spec.targetLSN) });
  if (spec.targetXID !== undefined) {
    if (!/^\d+$/.test(spec.targetXID))
      throw new RecoveryRequestError(`${fieldOf('targetXID')}: "${spec.targetXID}" is not a transaction id`);
    goals.push({ kind: 'xid', xid: spec.targetXID });
  }
  if (spec.targetName !== undefined) goals.push({ kind: 'name', name: spec.targetName });
  if (spec.targetImmediate === true) goals.push({ kind: 'immediate' });
  if (goals.length > 1) {
    throw new RecoveryRequestError(
      'spec.bootstrap.recovery.recoveryTarget: only one of targetTime, targetLSN, targetXID, targetName, targetImmediate can be given',
    );
  }
  return {
    goal: goals[0] ?? { kind: 'latest' },
    inclusive: spec.exclusive !== true,
    timeline: parseTimeline(spec.targetTLI),
    backupId: spec.backupID,
  };
}

const hexLsn = (lsn: bigint): string =>
  `${(lsn >> 32n).toString(16)}/${(lsn & 0xffffffffn).toString(16)}`.toUpperCase();

const goalSettings = {
  immediate: 'recovery_target',
  time: 'recovery_target_time',
  lsn: 'recovery_target_lsn',
  xid: 'recovery_target_xid',
  name: 'recovery_target_name',
} as const;

function goalValue(goal: RecoveryGoal): string {
  switch (goal.kind) {
    case 'latest':
      return '';
    case 'immediate':
      return 'immediate';
    case 'time':
      return goal.text;
    case 'lsn':
      return hexLsn(goal.lsn);
    case 'xid':
      return goal.xid;
    case 'name':
      return goal.name;
    default:
      return goal satisfies never;
  }
}

/**
 * Every parameter that says where recovery ends. Those that do not apply are emptied, whatever the data directory holds, and come
 * first: PostgreSQL takes an empty one after the right one for a second target.
 */
export function targetSettings({
  goal,
  inclusive,
  timeline,
}: Pick<RecoveryTarget, 'goal' | 'inclusive'> & { readonly timeline: number | 'latest' | 'current' }): Record<
  string,
  string
> {
  const others = Object.entries(goalSettings).filter(([kind]) => kind !== goal.kind);
  return {
    ...Object.fromEntries(others.map(([, name]) => [name, ''])),
    ...(goal.kind === 'latest' ? {} : { [goalSettings[goal.kind]]: goalValue(goal) }),
    recovery_target_inclusive: inclusive ? 'on' : 'off',
    recovery_target_timeline: String(timeline),
    recovery_target_action: 'promote',
  };
}

export function describeGoal(goal: RecoveryGoal): string {
  switch (goal.kind) {
    case 'latest':
      return 'the end of the archive';
    case 'immediate':
      return 'the end of the base backup';
    case 'time':
      return goal.text;
    case 'lsn':
      return `LSN ${hexLsn(goal.lsn)}`;
    case 'xid':
      return `transaction ${goal.xid}`;
    case 'name':
      return `restore point "${goal.name}"`;
    default:
      return goal satisfies never;
  }
}
