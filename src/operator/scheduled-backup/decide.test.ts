import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseSchedule } from '../../api/scheduled-backup/schedule.ts';
import { decide, type ScheduleFacts } from './decide.ts';

const at = (time: string): Date => new Date(`2026-01-01T${time}Z`);
const facts = (more: Partial<ScheduleFacts> = {}): ScheduleFacts => ({
  schedule: parseSchedule('0 0 * * * *'),
  suspended: false,
  immediate: false,
  lastCheck: at('09:00:00'),
  clusterExists: true,
  unfinished: undefined,
  now: at('09:30:00'),
  ...more,
});

test.each<[string, Partial<ScheduleFacts>, object]>([
  ['suspended', { suspended: true, now: at('10:00:00') }, { rule: 'suspended' }],
  ['new', { lastCheck: undefined }, { rule: 'begin', next: at('10:00:00') }],
  [
    'new and immediate',
    { lastCheck: undefined, immediate: true },
    { rule: 'create', at: at('09:30:00'), immediate: true, next: at('10:00:00') },
  ],
  ['immediate, but not new', { immediate: true }, { rule: 'wait', next: at('10:00:00') }],
  ['between two moments', {}, { rule: 'wait', next: at('10:00:00') }],
  [
    'its moment',
    { now: at('10:00:00') },
    { rule: 'create', at: at('10:00:00'), immediate: false, next: at('11:00:00') },
  ],
  [
    'three moments went by: the first is made up for, once',
    { now: at('12:30:00') },
    { rule: 'create', at: at('10:00:00'), immediate: false, next: at('13:00:00') },
  ],
  [
    'the one before is not done',
    { now: at('10:00:00'), unfinished: 'x' },
    { rule: 'wait-for-backup', next: at('10:00:00'), backup: 'x' },
  ],
  ['no cluster', { now: at('10:00:00'), clusterExists: false }, { rule: 'wait-for-cluster', next: at('10:00:00') }],
  ['a day that never comes', { schedule: parseSchedule('0 0 0 30 2 *') }, { rule: 'never' }],
])('%s', (_name, more, expected) => {
  expect(decide(facts(more))).toEqual(expected);
});

test('whenever it is looked at: each backup has a moment of its own, later than the one before, and no two begin in one look', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 40 }), (pauses) => {
      let lastCheck = at('00:00:00');
      let now = lastCheck;
      let last = lastCheck;
      for (const pause of pauses) {
        now = new Date(now.getTime() + pause * 1000);
        const decision = decide(facts({ lastCheck, now }));
        if (decision.rule !== 'create') {
          expect(decision).toMatchObject({ rule: 'wait' });
          continue;
        }
        expect(decision.at > last && decision.at <= now).toBe(true);
        expect(decision.next > now).toBe(true);
        last = decision.at;
        lastCheck = now;
      }
    }),
  );
});
