import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { InstanceStatusReader, StatusAnswer } from './instance-status.ts';
import { impatient } from './patience.ts';

const waitMs = 20;
const inVain: StatusAnswer = { ok: false, error: 'no connection in time' };
const answered = (systemID: string): StatusAnswer => ({ ok: true, status: { systemID } });

/** An instance whose answers the test gives, one by one. */
function anInstance(patience = waitMs) {
  const questions: ((answer: StatusAnswer) => void)[] = [];
  const read: InstanceStatusReader = () => new Promise((resolve) => questions.push(resolve));
  const identity = { certificate: '', key: '', fingerprint: '' };
  const { signal } = new AbortController();
  const reader = impatient(read, { waitMs: patience });
  const ask = () => reader({ address: '10.0.0.1', cluster: 'pg', authority: '', identity, signal });
  return { questions, ask };
}

/** The first question is waited for to its end. */
async function aSilentInstance() {
  const instance = anInstance();
  const first = instance.ask();
  await delay(2 * waitMs);
  instance.questions[0]?.(inVain);
  expect(await first).toEqual(inVain);
  return instance;
}

test('one that was waited for in vain is not waited for to the end again, and has one question at a time', async () => {
  const { questions, ask } = await aSilentInstance();
  expect(await ask()).toEqual(inVain);
  expect(await ask()).toEqual(inVain);
  expect(questions).toHaveLength(2);
  questions[1]?.({ ok: false, error: 'ECONNREFUSED' });
  await delay(0);
  expect(await ask()).toEqual({ ok: false, error: 'ECONNREFUSED' });
  expect(questions).toHaveLength(3);
});

test('its late answer makes it be waited for again, and is not taken for what is so now', async () => {
  const { questions, ask } = await aSilentInstance();
  expect(await ask()).toEqual(inVain);
  questions[1]?.(answered('then'));
  await delay(0);
  const waiting = ask();
  await delay(2 * waitMs);
  questions[2]?.(answered('now'));
  expect(await waiting).toEqual(answered('now'));
});

test('one that fails at once was not waited for, and is asked as before', async () => {
  const { questions, ask } = anInstance(60_000);
  const refused = ask();
  questions[0]?.({ ok: false, error: 'ECONNREFUSED' });
  expect(await refused).toMatchObject({ ok: false });
  const again = ask();
  questions[1]?.(answered('42'));
  expect(await again).toEqual(answered('42'));
});
