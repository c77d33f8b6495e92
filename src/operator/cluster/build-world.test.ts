import { expect, test } from '@jest/globals';
import { spoken } from './build-world.ts';

const line = JSON.stringify({
  level: 50,
  err: { message: 'the target is "x"\nor so', stack: `Error: …\n${'    at somewhere (file.mjs:1:2)\n'.repeat(100)}` },
  msg: 'the target is "x"\nor so',
});

test.each([
  ['{"level":50,"msg":"no","err":{"message":"because"}}', 'no: because'],
  ['initdb: error: no such locale', 'initdb: error: no such locale'],
  // As much of it as Kubernetes keeps.
  [line.slice(-2048), 'the target is "x"\nor so'],
])('what a Job wrote last is said for people (%#)', (text, said) => expect(spoken(text)).toBe(said));
