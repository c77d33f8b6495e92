import { expect, test } from '@jest/globals';
import { patiently, type ProbeAnswer } from './probes.ts';

const no: ProbeAnswer = { ok: false, reason: 'not yet' };
const yes: ProbeAnswer = { ok: true, reason: 'OK' };

test('a probe that fails only for a moment succeeds', async () => {
  const answers = [no, no, yes, no];
  expect(await patiently(() => Promise.resolve(answers.shift() ?? no))).toEqual(yes);
  expect(answers).toEqual([no]);
});

test('one that goes on failing is told so, with the last reason', async () => {
  let asked = 0;
  const answer = await patiently(() => Promise.resolve({ ok: false, reason: String((asked += 1)) }));
  expect(answer).toEqual({ ok: false, reason: String(asked) });
  expect(asked).toBeGreaterThan(2);
});
