import type { CalendarSchedule, Schedule } from './schedule.ts';
import { zoneOffset, zoneSpans } from './time-zone.ts';

const daySeconds = 86_400;
/** No zone is further from UTC. */
const furthest = 15 * 3600;
const years = 5;

/**
 * The first moment after `after` that a schedule names; undefined when there is none within five years. As in Go's cron package:
 * moments have whole seconds, a local time that the clocks skip does not happen, and one that they repeat happens twice. An
 * interval counts from `after`.
 */
export function nextTime(schedule: Schedule, after: Date): Date | undefined {
  const from = Math.floor(after.getTime() / 1000);
  if (schedule.kind === 'interval') return new Date((from + schedule.seconds) * 1000);
  const found = nextInstant(schedule, from + 1);
  return found === undefined ? undefined : new Date(found * 1000);
}

/** Seconds since 1970. */
function nextInstant(schedule: CalendarSchedule, from: number): number | undefined {
  const offsetAt = zoneOffset(schedule.timeZone);
  const localDay = Math.floor((from + offsetAt(from)) / daySeconds);
  const lastYear = new Date(localDay * daySeconds * 1000).getUTCFullYear() + years;
  // Clocks that are put back shortly after midnight take us into the day before once more.
  for (let day = localDay - 1; ; day++) {
    const date = new Date(day * daySeconds * 1000);
    if (date.getUTCFullYear() > lastYear) return undefined;
    if (!matchesDay(schedule, date)) continue;
    const midnight = day * daySeconds;
    for (const span of zoneSpans(offsetAt, midnight - furthest, midnight + daySeconds + furthest)) {
      const earliest = Math.max(from, span.begin);
      const second = firstSecond(schedule, earliest + span.offset - midnight);
      const instant = second === undefined ? undefined : midnight + second - span.offset;
      if (instant !== undefined && instant < span.end) return instant;
    }
  }
}

/** `date` is a local day as if it were one of UTC. */
function matchesDay(schedule: CalendarSchedule, date: Date): boolean {
  if (!schedule.month.includes(date.getUTCMonth() + 1)) return false;
  const ofMonth = schedule.dayOfMonth.includes(date.getUTCDate());
  const ofWeek = schedule.dayOfWeek.includes(date.getUTCDay());
  return schedule.anyDayOfMonth || schedule.anyDayOfWeek ? ofMonth && ofWeek : ofMonth || ofWeek;
}

/** The first matching second of a day that is not before `from`. */
function firstSecond({ hour, minute, second }: CalendarSchedule, from: number): number | undefined {
  for (const h of hour) {
    if (h * 3600 + 3599 < from) continue;
    for (const m of minute) {
      if (h * 3600 + m * 60 + 59 < from) continue;
      const s = second.find((candidate) => h * 3600 + m * 60 + candidate >= from);
      if (s !== undefined) return h * 3600 + m * 60 + s;
    }
  }
  return undefined;
}
