import { expect, test } from '@jest/globals';
import { admission, type AdmissionFacts, hasStartupRace } from './admission.ts';

const crashed: AdmissionFacts = {
  now: 10_000,
  synchronous: true,
  crashed: true,
  startupRace: false,
  upSince: 9000,
  barrierPassed: false,
};
const { upSince: _, ...notUp } = crashed;

test.each([
  ['asynchronous', true, { ...crashed, synchronous: false }],
  ['was-shut-down', true, { ...crashed, crashed: false }],
  ['not-up-yet', false, notUp],
  ['wait-for-barrier', false, crashed],
  ['barrier-passed', true, { ...crashed, barrierPassed: true }],
  ['opened-before-barrier', true, { ...crashed, upSince: 5000 }],
  ['wait-for-barrier', false, { ...crashed, crashed: false, startupRace: true, upSince: 5000 }],
] as const)('%s → open: %s', (rule, open, facts) => {
  expect(admission(facts)).toEqual({ open, rule });
});

test.each([
  [170004, true],
  [170005, false],
  [150012, true],
  [150013, false],
  [180000, false],
])('PostgreSQL %d has the race at its start: %s', (version, expected) => {
  expect(hasStartupRace(version)).toBe(expected);
});
