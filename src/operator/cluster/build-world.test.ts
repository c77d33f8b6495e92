import { expect, test } from '@jest/globals';
import type { Job, Pod } from '../../kube/objects.ts';
import { jobFact, spoken } from './build-world.ts';

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

const container = { name: 'initdb', image: '', imageID: '', ready: false, restartCount: 0 };
const ended = (exitCode: number, phase = 'Running'): Pod => ({
  metadata: { name: 'c-1-initdb-x', ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'j' }] },
  status: { phase, containerStatuses: [{ ...container, state: { terminated: { exitCode } } }] },
});
const aJob = (more: { filled?: boolean; condition?: string } = {}): Job => ({
  metadata: {
    name: 'c-1-initdb',
    uid: 'j',
    labels: { 'cnpg.io/jobRole': 'initdb' },
    ...(more.filled ? { annotations: { 'howdah.dev/filled': 'true' } } : {}),
  },
  status: more.condition === undefined ? {} : { conditions: [{ type: more.condition, status: 'True' }] },
});

test.each<[string, Job, Pod[], string]>([
  ['nothing of it has ended', aJob(), [], 'running'],
  ['its program says that it has filled the volumes', aJob({ filled: true }), [], 'succeeded'],
  ['it had, and failed as it ended', aJob({ filled: true, condition: 'Failed' }), [ended(1)], 'succeeded'],
  ['its container has ended well', aJob(), [ended(0)], 'succeeded'],
  ['its container has failed', aJob(), [ended(1)], 'running'],
  ['its pod has succeeded', aJob(), [ended(0, 'Succeeded')], 'succeeded'],
  ['its controller says that it is complete', aJob({ condition: 'Complete' }), [], 'succeeded'],
  ['its controller has given up', aJob({ condition: 'Failed' }), [ended(1)], 'failed'],
])('a Job when %s', (_, job, pods, state) => expect(jobFact(job, pods).state).toBe(state));
