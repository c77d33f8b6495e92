import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nextTime } from './next.ts';
import { parseSchedule, type CalendarSchedule } from './schedule.ts';

const next = (expression: string, after: string): string | undefined =>
  nextTime(parseSchedule(expression), new Date(after))?.toISOString().replace('.000Z', 'Z');

test.each([
  // Simple wrap-arounds.
  ['0 0/15 * * * *', '2012-07-09T14:45:00Z', '2012-07-09T15:00:00Z'],
  ['0 20-35/15 * * * *', '2012-07-09T15:45:00Z', '2012-07-09T16:20:00Z'],
  ['15/35 20-35/15 * * * *', '2012-07-09T23:35:51Z', '2012-07-10T00:20:15Z'],
  ['0 0 0 9 apr-oct ?', '2012-07-09T23:35:00Z', '2012-08-09T00:00:00Z'],
  ['0 0 0 29 Feb ?', '2012-07-09T23:35:00Z', '2016-02-29T00:00:00Z'],
  ['0 0 0 ? Feb MON', '2012-07-09T23:35:00Z', '2013-02-04T00:00:00Z'],
  // The last second of a minute and of an hour; the last of five years.
  ['59 * * * * *', '2026-01-01T10:20:58Z', '2026-01-01T10:20:59Z'],
  ['59 59 * * * *', '2026-01-01T10:59:58Z', '2026-01-01T10:59:59Z'],
  ['0 0 0 29 2 *', '2099-06-01T00:00:00Z', '2104-02-29T00:00:00Z'],
  // Of two restricted day fields one is enough.
  ['0 0 0 13 * FRI', '2026-11-01T00:00:00Z', '2026-11-06T00:00:00Z'],
  // A moment that is just now is over; fractions are cut off.
  ['* * * * * *', '2026-01-01T00:00:00.900Z', '2026-01-01T00:00:01Z'],
  ['0 0 0 * * *', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'],
  ['@every 90s', '2026-01-01T00:00:00.250Z', '2026-01-01T00:01:30Z'],
  ['@monthly', '2026-01-31T12:00:00Z', '2026-02-01T00:00:00Z'],
  // Clocks go forward: hours go on, the skipped hour is skipped.
  ['TZ=America/New_York 0 0 * * * ?', '2012-03-11T06:00:00Z', '2012-03-11T07:00:00Z'],
  ['TZ=America/New_York 0 0 2 * * ?', '2012-03-11T05:00:00Z', '2012-03-12T06:00:00Z'],
  ['CRON_TZ=Europe/Berlin 0 30 2 * * *', '2026-03-28T12:00:00Z', '2026-03-30T00:30:00Z'],
  // Clocks go back: the repeated hour comes twice.
  ['TZ=America/New_York 0 0 1 * * ?', '2012-11-04T05:00:00Z', '2012-11-04T06:00:00Z'],
  ['TZ=America/New_York 0 0 1 * * ?', '2012-11-04T06:00:00Z', '2012-11-05T06:00:00Z'],
  ['TZ=America/New_York 0 30 2 04 Nov ?', '2012-11-04T04:00:00Z', '2012-11-04T07:30:00Z'],
  // Midnight does not exist, half an hour is repeated, a whole day is left out.
  ['TZ=America/Sao_Paulo 0 0 0 * * *', '2018-11-03T12:00:00Z', '2018-11-05T02:00:00Z'],
  ['TZ=America/Sao_Paulo 0 0 9 10 * ?', '2018-10-17T09:00:00Z', '2018-11-10T11:00:00Z'],
  ['TZ=Australia/Lord_Howe 0 45 1 * * *', '2026-04-04T14:45:00Z', '2026-04-04T15:15:00Z'],
  ['TZ=Pacific/Apia 0 0 12 30 12 *', '2011-12-29T00:00:00Z', '2012-12-29T22:00:00Z'],
  // Never.
  ['0 0 0 30 Feb ?', '2012-07-09T23:35:00Z', undefined],
  ['0 0 0 31 4,6,9,11 *', '2012-07-09T23:35:00Z', undefined],
])('%s after %s is %s', (expression, after, expected) => {
  expect(next(expression, after)).toBe(expected);
});

/**
 * What robfig/cron 1.2.0, the package that CloudNativePG reads schedules with, answered: expression, after, next. Left out are zones in which
 * it is wrong itself: it skips a day whose midnight does not exist, and takes changes of half an hour for whole ones.
 */
const answered = JSON.parse(
  readFileSync(path.join(import.meta.dirname, 'testdata/next.json'), 'utf8'),
) as readonly (readonly [string, string, string])[];

test("Go's own answers, about changes of the clocks", () => {
  expect(answered.length).toBeGreaterThan(200);
  expect(answered.map(([expression, after]) => [expression, after, next(expression, after) ?? 'never'])).toEqual(
    answered,
  );
});

/** What a clock on the wall shows, by Intl alone. */
function wallClock(zone: string): (instant: number) => number[] {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    weekday: 'short',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
  return (instant) => {
    const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
    return [
      ...['minute', 'hour', 'day', 'month'].map((name) => Number(parts[name])),
      days.indexOf(parts['weekday'] ?? ''),
    ];
  };
}

function matches(schedule: CalendarSchedule, [minute = 0, hour = 0, day = 0, month = 0, weekday = 0]: number[]) {
  const [ofMonth, ofWeek] = [schedule.dayOfMonth.includes(day), schedule.dayOfWeek.includes(weekday)];
  const any = schedule.anyDayOfMonth || schedule.anyDayOfWeek;
  return (
    schedule.minute.includes(minute) &&
    schedule.hour.includes(hour) &&
    schedule.month.includes(month) &&
    (any ? ofMonth && ofWeek : ofMonth || ofWeek)
  );
}

/** Moments about which the clocks of a zone are changed. */
const changes: [string, string][] = [
  ['Europe/Berlin', '2026-03-29T01:00:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00:00Z'],
  ['America/New_York', '2026-03-08T07:00:00Z'],
  ['America/New_York', '2026-11-01T06:00:00Z'],
  ['America/St_Johns', '2010-11-07T02:31:00Z'],
  ['America/Havana', '2026-11-01T05:00:00Z'],
  ['America/Sao_Paulo', '2018-11-04T03:00:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00:00Z'],
  ['Asia/Kathmandu', '2026-06-01T00:00:00Z'],
  ['UTC', '2026-02-28T23:00:00Z'],
];
const minuteMs = 60_000;
const horizon = 2 * 24 * 60;

const field = (from: number, to: number) =>
  fc.oneof(
    fc.constant('*'),
    fc.integer({ min: from, max: to }).map(String),
    fc.tuple(fc.integer({ min: from, max: to }), fc.integer({ min: 1, max: 20 })).map(([at, step]) => `${at}/${step}`),
    fc.uniqueArray(fc.integer({ min: from, max: to }), { minLength: 1, maxLength: 4 }).map((all) => all.join(',')),
  );

test('about each change of the clocks: the first minute whose wall clock matches, found by looking at every one', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...changes),
      fc.tuple(field(0, 59), field(0, 23), fc.oneof(fc.constant('*'), field(1, 31)), field(0, 6)),
      fc.integer({ min: -36 * 60, max: 12 * 60 }),
      ([zone, change], [minute, hour, day, weekday], shift) => {
        const expression = `TZ=${zone} 0 ${minute} ${hour} ${day} * ${weekday}`;
        const schedule = parseSchedule(expression) as CalendarSchedule;
        const after = Date.parse(change) + shift * minuteMs;
        const clock = wallClock(zone);
        const last = after + horizon * minuteMs;
        let expected = after + minuteMs;
        while (expected <= last && !matches(schedule, clock(expected))) expected += minuteMs;
        const found = nextTime(schedule, new Date(after))?.getTime() ?? Infinity;
        expect([expression, found > last ? 'later' : found]).toEqual([
          expression,
          expected > last ? 'later' : expected,
        ]);
      },
    ),
    { numRuns: 150 },
  );
});

test('every moment named is after the one before it, on a whole second', () => {
  fc.assert(
    fc.property(
      fc.tuple(field(0, 59), field(0, 59), field(0, 23)),
      fc.date({ min: new Date('2020-01-01'), max: new Date('2035-01-01'), noInvalidDate: true }),
      (fields, start) => {
        const schedule = parseSchedule(`CRON_TZ=Europe/London ${fields.join(' ')} * * *`);
        let at = start;
        for (let turn = 0; turn < 20; turn++) {
          const found = nextTime(schedule, at);
          if (found === undefined) throw new Error('a daily schedule ended');
          expect(found.getTime()).toBeGreaterThan(at.getTime());
          expect(found.getTime() % 1000).toBe(0);
          at = found;
        }
      },
    ),
    { numRuns: 60 },
  );
});
