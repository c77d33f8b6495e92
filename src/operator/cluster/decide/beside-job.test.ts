import { expect, test } from '@jest/globals';
import type { Cluster } from '../../../api/generated/cluster.ts';
import type { Pod } from '../../../kube/objects.ts';
import type { Instance, JobFact } from '../world.ts';
import { besideJob } from './beside-job.ts';

const aCluster = (currentPrimary = ''): Cluster => ({
  metadata: { name: 'c', namespace: 'n', uid: 'u' },
  spec: { instances: 1, storage: { size: '1Gi' } },
  status: { currentPrimary },
});

const beside: Pod = { metadata: { name: 'c-1', annotations: { 'howdah.dev/starts-beside': 'initdb' } } };
const aJob = (more: Partial<JobFact> = {}): JobFact => ({
  ...{ job: {}, role: 'initdb', state: 'running', placed: true, failures: 0, message: '' },
  ...more,
});

const anInstance = (more: Partial<Instance>): Instance => ({
  ...{ name: 'c-1', serial: 1, claims: [], missing: [], terminating: false, filled: false, removal: undefined },
  ...{ detached: false, unusable: false, pod: undefined, job: undefined, answer: undefined },
  ...more,
});

const withDatabase = { ok: true, status: { systemID: '42' } } as const;

test.each<[string, 'create' | 'remove' | 'nothing', Partial<Instance>, Cluster?]>([
  ['its Job is at work', 'create', { job: aJob() }],
  ['its Job has no place yet', 'nothing', { job: aJob({ placed: false }) }],
  ['a copy is made by a join', 'nothing', { job: aJob({ role: 'join' }) }],
  ['a backup is restored', 'nothing', { job: aJob({ role: 'full-recovery' }) }],
  ['it is there, and its Job at work', 'nothing', { job: aJob(), pod: beside }],
  ['its Job lost its place', 'remove', { job: aJob({ placed: false }), pod: beside }],
  ['its Job failed', 'remove', { job: aJob({ state: 'failed' }), pod: beside }],
  ['its Job was deleted', 'remove', { pod: beside }],
  ['it was evicted', 'remove', { job: aJob(), pod: { ...beside, status: { phase: 'Failed' } } }],
  [
    'it is on its way out',
    'nothing',
    { job: aJob({ placed: false }), pod: { ...beside, metadata: { ...beside.metadata, deletionTimestamp: 'now' } } },
  ],
  ['its Job is done', 'nothing', { job: aJob({ state: 'succeeded' }), pod: beside }],
  ['its claim is filled', 'nothing', { filled: true, pod: beside }],
  ['it says that it has its database', 'nothing', { job: aJob({ placed: false }), pod: beside, answer: withDatabase }],
  ['its Job was deleted when it led already', 'nothing', { pod: beside }, aCluster('c-1')],
  ['somebody made the pod otherwise', 'nothing', { job: aJob({ placed: false }), pod: { metadata: { name: 'c-1' } } }],
  ['the instance is to go', 'nothing', { removal: 'scaled down', job: aJob() }],
])('%s: %s', (_when, expected, instance, cluster = aCluster()) => {
  const world = { instances: [anInstance(instance)], pods: [], claims: [], jobs: [] };
  expect(besideJob(cluster, world).map(({ act }) => act)).toEqual(expected === 'nothing' ? [] : [expected]);
});
