import { expect, test } from '@jest/globals';
import { lacksSome, passedOver } from './succession.ts';

const led = { primaryData: true, epoch: 3 };

test.each([
  ['its own epoch, given back or not taken by anybody', led, { epoch: 3, ours: false }, false],
  ['a raise of its own that it has not taken note of', led, { epoch: 4, ours: true }, false],
  ['an epoch of somebody else', led, { epoch: 4, ours: false }, true],
  ['the same for a standby', { ...led, primaryData: false }, { epoch: 4, ours: false }, false],
  ['a lease that was restored', led, { epoch: 2, ours: false }, false],
] as const)('passed over by %s: %#', (_, data, lease, expected) => {
  expect(passedOver(data, lease)).toBe(expected);
});

const end = { timeline: 4, lsn: 50n };
const soon = { unchangedFor: 14, duration: 15 };

test.each([
  ['less of it', { timeline: 4, lsn: 49n }, end, soon, true],
  ['nothing of its timeline', { timeline: 3, lsn: 99n }, end, soon, true],
  ['all of it', { timeline: 4, lsn: 50n }, end, soon, false],
  ['less, and he does not come back', { timeline: 4, lsn: 49n }, end, { unchangedFor: 15, duration: 15 }, false],
  ['less of a log that was not closed', { timeline: 4, lsn: 49n }, undefined, soon, false],
] as const)('who has %s', (_, own, closed, time, expected) => {
  expect(lacksSome(own, closed, time)).toBe(expected);
});
