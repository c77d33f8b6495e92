import { expect, test } from '@jest/globals';
import { type ServerSeen, createDuty } from './duty.ts';

const up: ServerSeen = { postmaster: 'up', primary: false, standby: undefined, leaving: false };
const primary: ServerSeen = { ...up, primary: true, standby: false };
const standby: ServerSeen = { ...up, standby: true };
const stopping: ServerSeen = { ...up, postmaster: 'stopping' };

function at(...steps: (readonly [milliseconds: number, seen: ServerSeen])[]) {
  let [time, seen] = [0, up];
  const duty = createDuty(
    () => seen,
    () => time,
  );
  let answer = duty();
  for (const [milliseconds, next] of steps) {
    [time, seen] = [milliseconds, next];
    answer = duty();
  }
  return answer;
}

test.each([
  ['a primary ships', [[0, primary]], { role: 'primary', timeLeft: undefined }],
  ['a standby confirms', [[0, standby]], { role: 'standby', timeLeft: undefined }],
  ['who does not answer does neither', [[0, up]], { role: 'unknown', timeLeft: undefined }],
  [
    'without the lease nothing is shipped',
    [
      [0, primary],
      [1, { ...primary, primary: false }],
    ],
    { role: 'unknown', timeLeft: undefined },
  ],
  [
    'who hands over is primary to its end',
    [
      [0, primary],
      [1, { ...primary, primary: false, leaving: true }],
    ],
    { role: 'primary', timeLeft: undefined },
  ],
  [
    'a stopped primary ships its last segments',
    [
      [0, primary],
      [10, stopping],
      [1010, stopping],
    ],
    { role: 'primary', timeLeft: 29_000 },
  ],
  [
    'shortly where a successor waits',
    [
      [0, primary],
      [10, { ...stopping, leaving: true }],
      [3010, { ...stopping, leaving: true }],
    ],
    { role: 'primary', timeLeft: -1000 },
  ],
  [
    'a stopped standby holds up nobody',
    [
      [0, standby],
      [10, stopping],
    ],
    { role: 'standby', timeLeft: 0 },
  ],
  [
    'a start forgets',
    [
      [0, primary],
      [1, { ...up, postmaster: 'down' }],
      [2, stopping],
    ],
    { role: 'unknown', timeLeft: 30_000 },
  ],
] as const)('%s', (_, steps, expected) => {
  expect(at(...steps)).toEqual(expected);
});
