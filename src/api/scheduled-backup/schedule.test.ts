import { expect, test } from '@jest/globals';
import { parseSchedule, type CalendarSchedule } from './schedule.ts';

const calendar = (expression: string): CalendarSchedule => {
  const schedule = parseSchedule(expression);
  if (schedule.kind !== 'calendar') throw new Error(`${expression} is an interval`);
  return schedule;
};

test('six fields, the seconds first', () => {
  expect(parseSchedule('0 30 2 1 1,6 MON-WED')).toEqual({
    kind: 'calendar',
    timeZone: 'UTC',
    second: [0],
    minute: [30],
    hour: [2],
    dayOfMonth: [1],
    month: [1, 6],
    dayOfWeek: [1, 2, 3],
    anyDayOfMonth: false,
    anyDayOfWeek: false,
    fields: 6,
  });
});

test.each([
  ['*', Array.from({ length: 24 }, (_, hour) => hour)],
  ['*/6', [0, 6, 12, 18]],
  ['5/10', [5, 15]],
  ['8-18/5', [8, 13, 18]],
  ['22-23,1', [1, 22, 23]],
  ['23-23', [23]],
  ['0-23/12', [0, 12]],
  ['2/21', [2, 23]],
])('the hours %s', (hours, expected) => {
  expect(calendar(`0 0 ${hours} * * *`).hour).toEqual(expected);
});

test('a day that is * or ? is any', () => {
  const { anyDayOfMonth, anyDayOfWeek } = calendar('0 0 0 ? * */2');
  expect([anyDayOfMonth, anyDayOfWeek]).toEqual([true, true]);
  expect(calendar('0 0 0 1 * *')).toMatchObject({ anyDayOfMonth: false, anyDayOfWeek: true });
  expect(calendar('0 0 0 1,* * 2')).toMatchObject({ anyDayOfMonth: true, anyDayOfWeek: false });
});

test('months and days of the week have names, in any case', () => {
  const months = 'JAN,feb,Mar,apr,may,jun,jul,aug,sep,oct,nov,dec'.split(',');
  expect(months.map((name) => calendar(`0 0 0 1 ${name} *`).month)).toEqual(months.map((_, index) => [index + 1]));
  const days = 'sun,MON,Tue,wed,thu,fri,sat'.split(',');
  expect(days.map((name) => calendar(`0 0 0 * * ${name}`).dayOfWeek)).toEqual(days.map((_, index) => [index]));
});

test('the last value of every field is one', () => {
  expect(calendar('59 59 23 31 12 6')).toMatchObject({
    second: [59],
    minute: [59],
    hour: [23],
    dayOfMonth: [31],
    month: [12],
    dayOfWeek: [6],
  });
});

test.each([
  ['@yearly', '0 0 0 1 1 *'],
  ['@annually', '0 0 0 1 1 *'],
  ['@monthly', '0 0 0 1 * *'],
  ['@weekly', '0 0 0 * * 0'],
  ['@daily', '0 0 0 * * *'],
  ['@midnight', '0 0 0 * * *'],
  ['@hourly', '0 0 * * * *'],
  ['  TZ=Europe/Berlin   @daily  ', 'TZ=Europe/Berlin 0 0 0 * * *'],
  ['  @daily  ', '0 0 0 * * *'],
  ['  0   0 0 * * *  ', '0 0 0 * * *'],
  ['@every  90s ', '@every 1m30s'],
])('%j is %s', (short, long) => {
  expect(parseSchedule(short)).toEqual(parseSchedule(long));
});

test('five fields leave out the day of week, not the seconds', () => {
  expect(calendar('10 20 3 * *')).toMatchObject({
    second: [10],
    minute: [20],
    hour: [3],
    fields: 5,
    anyDayOfWeek: true,
  });
});

test.each([
  ['@daily', { second: [0], minute: [0], hour: [0], anyDayOfMonth: true }],
  ['@weekly', { dayOfWeek: [0], anyDayOfMonth: true }],
  ['@yearly', { dayOfMonth: [1], month: [1] }],
  ['TZ=Europe/Berlin 0 0 3 * * *', { timeZone: 'Europe/Berlin', hour: [3] }],
  ['CRON_TZ=UTC @hourly', { timeZone: 'UTC', minute: [0] }],
])('%s', (expression, expected) => {
  expect(parseSchedule(expression)).toMatchObject(expected);
});

test.each([
  ['@every 1h30m', 5400],
  ['@every 1.5s', 1],
  ['@every 10ms', 1],
])('%s', (expression, seconds) => {
  expect(parseSchedule(expression)).toEqual({ kind: 'interval', seconds });
});

test.each([
  ['', '0 fields; there must be 6: second, minute, hour, day of month, month, day of week'],
  ['* * * *', '4 fields; there must be 6'],
  ['* * * * * * *', '7 fields'],
  ['60 * * * * *', 'second: 60 is not from 0 to 59'],
  ['0 60 * * * *', 'minute: 60 is not from 0 to 59'],
  ['0 0 0 * 13 *', 'month: 13 is not from 1 to 12'],
  ['0 0 x1 * * *', 'hour: x1 is not a value, a range or *'],
  ['0 0 1x * * *', 'hour: 1x is not a value, a range or *'],
  ['0 0 * * * SUN-', 'day of week: SUN- is not a value, a range or *'],
  ['x@daily', '1 fields'],
  ['xTZ=UTC 0 0 0 * *', 'second: xTZ=UTC is not a value'],
  ['0 0 24 * * *', 'hour: 24 is not from 0 to 23'],
  ['0 0 0 0 * *', 'day of month: 0 is not from 1 to 31'],
  ['0 0 0 * foo *', 'month: foo is not from 1 to 12'],
  ['0 0 0 * * 7', 'day of week: 7 is not from 0 to 6'],
  ['0 0 5-3 * * *', 'hour: 5-3 begins after its end'],
  ['0 0 */0 * * *', 'hour: the step of */0 is 0'],
  ['0 0 1- * * *', 'hour: 1- is not a value, a range or *'],
  [
    '@reboot',
    'there is no @reboot; there are @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly and @every',
  ],
  ['@every 0s', '0s is not more than 0'],
  ['@every day', 'day is not a duration such as 1h30m'],
  ['@every -1h', '-1h is not more than 0'],
  ['TZ=Europe/Atlantis 0 0 0 * * *', 'there is no time zone Europe/Atlantis'],
  ['TZ=UTC 0 0 0 * * *\n0 0 3 * * *', '13 fields; there must be 6'],
])('%s is refused', (expression, message) => {
  expect(() => parseSchedule(expression)).toThrow(message);
});
