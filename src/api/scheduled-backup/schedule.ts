// Cron expressions as CloudNativePG's scheduler reads them: the seconds come first and the day of the week may be left out.
import { parseDuration } from './duration.ts';

/** The instants whose every field is in the set; of the two day fields one is enough, unless one of them is any. */
export interface CalendarSchedule {
  readonly kind: 'calendar';
  /** IANA name; UTC when the expression names none. */
  readonly timeZone: string;
  readonly second: readonly number[];
  readonly minute: readonly number[];
  readonly hour: readonly number[];
  readonly dayOfMonth: readonly number[];
  readonly month: readonly number[];
  /** 0 is Sunday. */
  readonly dayOfWeek: readonly number[];
  readonly anyDayOfMonth: boolean;
  readonly anyDayOfWeek: boolean;
  /** How many fields the expression has; 6 for a macro such as @daily. */
  readonly fields: number;
}

export interface IntervalSchedule {
  readonly kind: 'interval';
  readonly seconds: number;
}

export type Schedule = CalendarSchedule | IntervalSchedule;

/** What is wrong with a cron expression. */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError';
}

const macros: Readonly<Record<string, string>> = {
  '@yearly': '0 0 0 1 1 *',
  '@annually': '0 0 0 1 1 *',
  '@monthly': '0 0 0 1 * *',
  '@weekly': '0 0 0 * * 0',
  '@daily': '0 0 0 * * *',
  '@midnight': '0 0 0 * * *',
  '@hourly': '0 0 * * * *',
};

/** Throws ScheduleError. */
export function parseSchedule(expression: string): Schedule {
  const zoned = /^(?:CRON_)?TZ=(\S*)\s+(.*)$/.exec(expression.trim());
  const timeZone = zoned?.[1] ?? 'UTC';
  const rest = (zoned?.[2] ?? expression).trim();
  if (!isTimeZone(timeZone)) throw new ScheduleError(`there is no time zone ${timeZone}`);
  if (rest.startsWith('@every ')) return interval(rest.slice('@every '.length).trim());
  if (rest.startsWith('@') && !(rest in macros)) {
    throw new ScheduleError(`there is no ${rest}; there are ${Object.keys(macros).join(', ')} and @every`);
  }
  const words = (macros[rest] ?? rest).split(/\s+/).filter((word) => word !== '');
  if (words.length !== 5 && words.length !== 6) {
    throw new ScheduleError(
      `${words.length} fields; there must be 6: second, minute, hour, day of month, month, day of week`,
    );
  }
  return calendar(timeZone, words);
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format() !== '';
  } catch {
    return false;
  }
}

function interval(text: string): IntervalSchedule {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined) throw new ScheduleError(`${text} is not a duration such as 1h30m`);
  if (milliseconds <= 0) throw new ScheduleError(`${text} is not more than 0`);
  return { kind: 'interval', seconds: Math.max(1, Math.floor(milliseconds / 1000)) };
}

function calendar(timeZone: string, words: readonly string[]): CalendarSchedule {
  const [second = '*', minute = '*', hour = '*', dayOfMonth = '*', month = '*', dayOfWeek = '*'] = words;
  return {
    kind: 'calendar',
    timeZone,
    second: parseField(second, bounds.second),
    minute: parseField(minute, bounds.minute),
    hour: parseField(hour, bounds.hour),
    dayOfMonth: parseField(dayOfMonth, bounds.dayOfMonth),
    month: parseField(month, bounds.month),
    dayOfWeek: parseField(dayOfWeek, bounds.dayOfWeek),
    anyDayOfMonth: isAny(dayOfMonth),
    anyDayOfWeek: isAny(dayOfWeek),
    fields: words.length,
  };
}

const isAny = (word: string): boolean => word.split(',').some((part) => /^[*?]/.test(part));

interface Bounds {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** Names of the values, from `from` on. */
  readonly names?: readonly string[];
}

const bounds = {
  second: { name: 'second', from: 0, to: 59 },
  minute: { name: 'minute', from: 0, to: 59 },
  hour: { name: 'hour', from: 0, to: 23 },
  dayOfMonth: { name: 'day of month', from: 1, to: 31 },
  month: {
    name: 'month',
    from: 1,
    to: 12,
    names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  dayOfWeek: { name: 'day of week', from: 0, to: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
} as const satisfies Record<string, Bounds>;

function parseField(word: string, limits: Bounds): number[] {
  const values = new Set(word.split(',').flatMap((part) => parseRange(part, limits)));
  return [...values].sort((left, right) => left - right);
}

/** `*`, `?`, `5`, `5-10`, each with `/step`; `5/10` goes on to the end. */
function parseRange(part: string, limits: Bounds): number[] {
  const match = /^(\*|\?|([a-zA-Z]+|\d+)(?:-([a-zA-Z]+|\d+))?)(?:\/(\d+))?$/.exec(part);
  if (!match) throw new ScheduleError(`${limits.name}: ${part} is not a value, a range or *`);
  const [, , first, last, stepText] = match;
  const step = stepText === undefined ? 1 : Number(stepText);
  if (step === 0) throw new ScheduleError(`${limits.name}: the step of ${part} is 0`);
  const from = first === undefined ? limits.from : parseValue(first, limits);
  const open = first === undefined || (last === undefined && stepText !== undefined);
  const to = open ? limits.to : parseValue(last ?? first, limits);
  if (from > to) throw new ScheduleError(`${limits.name}: ${part} begins after its end`);
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
}

function parseValue(text: string, { name, from, to, names = [] }: Bounds): number {
  const named = names.indexOf(text.toLowerCase());
  const value = named >= 0 ? from + named : /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(value >= from && value <= to)) throw new ScheduleError(`${name}: ${text} is not from ${from} to ${to}`);
  return value;
}
