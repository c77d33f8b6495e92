import { expect, test } from '@jest/globals';
import type { Job, Pod } from '../../kube/objects.ts';
import { type Plan, sameJson } from './action.ts';
import { planJob } from './plan-job.ts';
import { aPod, ownedBy } from './testing/world.ts';

const now = Date.parse('2026-01-01T00:10:00Z');
const aJob = (spec: object = {}, status: object = {}): Job => ({
  metadata: { name: 'j', namespace: 'default', uid: 'uj' },
  spec: { template: { metadata: { labels: { mine: 'yes' } }, spec: { containers: [{ name: 'm' }] } }, ...spec },
  status: { startTime: '2026-01-01T00:09:00Z', ready: 0, ...status },
});
const ofJob = (name: string, phase: string, more: { metadata?: object; status?: object } = {}): Pod =>
  aPod(name, { metadata: { ...ownedBy(aJob(), 'Job'), ...more.metadata }, status: { phase, ...more.status } });
const policy = {
  rules: [
    { action: 'FailJob', onExitCodes: { containerName: 'm', operator: 'In', values: [65] } },
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
  ],
};
const disrupted = (name: string): Pod =>
  ofJob(name, 'Failed', { status: { conditions: [{ type: 'DisruptionTarget', status: 'True' }] } });
const failedAt = (name: string, finishedAt: string, exitCode = 1): Pod =>
  ofJob(name, 'Failed', {
    status: { containerStatuses: [{ name: 'm', restartCount: 0, state: { terminated: { exitCode, finishedAt } } }] },
  });

/** What a plan does, in few words. */
const words = (plan: Plan): string =>
  plan.actions
    .map((it) => {
      if (it.do === 'create') return 'pod';
      if (it.do === 'delete') return `delete ${it.key.name}`;
      if (it.do !== 'patchStatus') return undefined;
      const { conditions } = (it.patch as { status: { conditions?: { type: string; reason: string }[] } }).status;
      return conditions ? `${conditions.at(-1)?.type}/${conditions.at(-1)?.reason}` : 'status';
    })
    .filter(Boolean)
    .join(', ');

const rows: [string, Job, Pod[], string][] = [
  ['a new Job makes a pod', aJob({}, { startTime: undefined }), [], 'pod, status'],
  ['one pod at a time', aJob({}, { active: 1 }), [ofJob('p', 'Running')], ''],
  ['success', aJob(), [ofJob('p', 'Succeeded')], 'Complete/CompletionsReached'],
  ['a failure waits', aJob({}, { failed: 1 }), [failedAt('p', '2026-01-01T00:09:59Z')], ''],
  ['and is tried again', aJob({}, { failed: 1 }), [failedAt('p', '2026-01-01T00:09:40Z')], 'pod, status'],
  [
    'a pod on its way out is waited for',
    aJob({}, { failed: 1 }),
    [failedAt('p', '2026-01-01T00:00:00Z'), ofJob('q', 'Running', { metadata: { deletionTimestamp: 'x' } })],
    '',
  ],
  [
    'too many failures',
    aJob({ backoffLimit: 1 }),
    [failedAt('p', '2026-01-01T00:09:00Z'), failedAt('q', '2026-01-01T00:09:00Z')],
    'Failed/BackoffLimitExceeded',
  ],
  [
    'failures whose pods were deleted count',
    aJob({ backoffLimit: 1 }, { failed: 2 }),
    [],
    'Failed/BackoffLimitExceeded',
  ],
  [
    'restarts in place count (OnFailure)',
    aJob({ backoffLimit: 1 }),
    [ofJob('p', 'Running', { status: { containerStatuses: [{ name: 'm', restartCount: 2 }] } })],
    'delete p, Failed/BackoffLimitExceeded',
  ],
  [
    'an exit code that the policy takes for the end',
    aJob({ podFailurePolicy: policy }),
    [failedAt('p', '2026-01-01T00:09:59Z', 65)],
    'Failed/PodFailurePolicy',
  ],
  [
    'and another one',
    aJob({ podFailurePolicy: policy }, { failed: 1 }),
    [failedAt('p', '2026-01-01T00:09:59Z', 1)],
    '',
  ],
  [
    'pods that a node stopped when it was shut down do not count, and the next one comes at once',
    aJob({ backoffLimit: 0, podFailurePolicy: policy }),
    [disrupted('p'), disrupted('q')],
    'pod, status',
  ],
  [
    'without a policy they do',
    aJob({ backoffLimit: 1 }),
    [disrupted('p'), disrupted('q')],
    'Failed/BackoffLimitExceeded',
  ],
  ['the deadline', aJob({ activeDeadlineSeconds: 30 }), [ofJob('p', 'Running')], 'delete p, Failed/DeadlineExceeded'],
  ['suspended', aJob({ suspend: true }), [ofJob('p', 'Running')], 'delete p, Suspended/JobSuspended'],
  ['a foreign pod is none of its', aJob({}, { startTime: undefined }), [aPod('x')], 'pod, status'],
  ['deleted', { ...aJob(), metadata: { ...aJob().metadata, deletionTimestamp: 'x' } }, [], ''],
];

test.each(rows)('%s', (_, job, pods, expected) => {
  expect(words(planJob(job, pods, now, 'abcde'))).toBe(expected);
});

test('a pod bears the labels of its Job and the template', () => {
  const create = planJob(aJob(), [], now, 'abcde').actions.find((it) => it.do === 'create');
  expect(create?.object.metadata).toMatchObject({
    name: 'j-abcde',
    labels: { mine: 'yes', 'job-name': 'j', 'batch.kubernetes.io/job-name': 'j', 'controller-uid': 'uj' },
    ownerReferences: [{ kind: 'Job', uid: 'uj', controller: true }],
  });
});

const complete = { conditions: [{ type: 'Complete', status: 'True', lastTransitionTime: '2026-01-01T00:09:50Z' }] };

test('a finished Job goes when its time to live is over', () => {
  expect(planJob(aJob({ ttlSecondsAfterFinished: 60 }, complete), [], now, 'x')).toEqual({
    actions: [],
    afterMs: 50_000,
  });
  expect(words(planJob(aJob({ ttlSecondsAfterFinished: 5 }, complete), [], now, 'x'))).toBe('delete j');
  expect(words(planJob(aJob({}, complete), [], now, 'x'))).toBe('');
});

test('a second look at an unchanged Job does nothing', () => {
  const job = aJob({}, { active: 1 });
  expect(planJob(job, [ofJob('p', 'Running')], now, 'x').actions).toEqual([]);
  expect(sameJson({ a: undefined, b: [1] }, { b: [1] })).toBe(true);
});
