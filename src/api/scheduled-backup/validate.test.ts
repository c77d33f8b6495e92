import { expect, test } from '@jest/globals';
import type { ScheduledBackup, ScheduledBackupSpec } from '../generated/scheduled-backup.ts';
import { errorsOf } from '../testing/errors-of.ts';
import { defaultScheduledBackup } from './defaults.ts';
import { validateScheduledBackup } from './validate.ts';

const scheduled = (spec: Partial<ScheduledBackupSpec> = {}): ScheduledBackup =>
  defaultScheduledBackup({
    metadata: { name: 'nightly', namespace: 'default' },
    spec: { schedule: '0 0 0 * * *', cluster: { name: 'example' }, ...spec },
  });

test('what is left out is said', () => {
  const once = scheduled();
  expect(once.spec).toMatchObject({ method: 'barmanObjectStore', backupOwnerReference: 'none' });
  expect(defaultScheduledBackup(once)).toEqual(once);
});

test('nothing is said for one whose specification is none', () => {
  const wrong = { metadata: { name: 'nightly', namespace: 'default' }, spec: { schedule: 5 } } as never;
  expect(defaultScheduledBackup(wrong)).toBe(wrong);
});

test.each<[string, Partial<ScheduledBackupSpec>, string[], string[]]>([
  ['every night', {}, [], []],
  ['never', { schedule: '0 0 0 31 * 8' }, ['spec.schedule: "0 0 0 31 * 8": day of week: 8 is not from 0 to 6'], []],
  [
    'a day that never comes',
    { schedule: '0 0 0 30 2 *' },
    ['spec.schedule: "0 0 0 30 2 *": names no moment: there is no such day in the calendar'],
    [],
  ],
  [
    'five fields',
    { schedule: '0 0 0 * *' },
    [],
    ['spec.schedule: 0 0 0 * * has 5 fields; the first is the second, and the sixth, the day of week, is taken as *'],
  ],
  ['an interval', { schedule: '@every 12h' }, [], []],
])('%s', (_name, spec, errors, warnings) => {
  const result = validateScheduledBackup(scheduled(spec));
  expect(errorsOf(result)).toEqual(errors);
  expect(result.warnings).toEqual(warnings);
});
