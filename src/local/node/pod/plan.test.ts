import { expect, test } from '@jest/globals';
import { aContainer, aPodRecord, aRecord } from '../testing/records.ts';
import { nextBackOff, planPod } from './plan.ts';
import type { ContainerRecord } from '../model/records.ts';
import type { PodSpec } from '../model/types.ts';

const sidecar = aContainer('side', { restartPolicy: 'Always' });
const init = [aContainer('one'), aContainer('two')];

interface Row {
  readonly name: string;
  readonly records: Record<string, ContainerRecord>;
  readonly spec?: Partial<PodSpec>;
  readonly starts: readonly string[];
  readonly outcome?: string;
  readonly ends?: readonly string[];
}

const rows: Row[] = [
  { name: 'a new pod starts', records: {}, starts: ['main'] },
  { name: 'the first init container goes first', records: {}, spec: { initContainers: init }, starts: ['one'] },
  {
    name: 'the next waits for the one before',
    records: { one: aRecord() },
    spec: { initContainers: init },
    starts: [],
  },
  { name: 'then it is its turn', records: { one: aRecord([0, 1]) }, spec: { initContainers: init }, starts: ['two'] },
  {
    name: 'after all of them the others start',
    records: { one: aRecord([0, 1]), two: aRecord([0, 2]) },
    spec: { initContainers: init },
    starts: ['main'],
  },
  {
    name: 'a failed init container runs again',
    records: { one: aRecord([1, 1]) },
    spec: { initContainers: init },
    starts: ['one'],
  },
  {
    name: 'or fails the pod',
    records: { one: aRecord([1, 1]) },
    spec: { initContainers: init, restartPolicy: 'Never' },
    starts: [],
    outcome: 'Failed',
  },
  {
    name: 'a sidecar must have started',
    records: { side: aRecord(undefined, { started: false }) },
    spec: { initContainers: [sidecar] },
    starts: [],
  },
  {
    name: 'and then runs beside the others',
    records: { side: aRecord() },
    spec: { initContainers: [sidecar] },
    starts: ['main'],
  },
  {
    name: 'a sidecar that ends is started again',
    records: { side: aRecord([0, 1]), main: aRecord() },
    spec: { initContainers: [sidecar], restartPolicy: 'Never' },
    starts: ['side'],
  },
  {
    name: 'sidecars end when the work is done',
    records: { side: aRecord(), main: aRecord([0, 1]) },
    spec: { initContainers: [sidecar], restartPolicy: 'Never' },
    starts: [],
    outcome: 'Succeeded',
    ends: ['side'],
  },
  {
    name: 'init containers do not run again once the others have',
    records: { one: aRecord([1, 1]), main: aRecord() },
    spec: { initContainers: [aContainer('one')] },
    starts: [],
  },
  { name: 'Always starts even after success', records: { main: aRecord([0, 1]) }, starts: ['main'] },
  {
    name: 'OnFailure ends after success',
    records: { main: aRecord([0, 1]) },
    spec: { restartPolicy: 'OnFailure' },
    starts: [],
    outcome: 'Succeeded',
  },
  {
    name: 'OnFailure starts after a failure',
    records: { main: aRecord([1, 1]) },
    spec: { restartPolicy: 'OnFailure' },
    starts: ['main'],
  },
  {
    name: 'Never fails with any failure',
    records: { main: aRecord([0, 1]), b: aRecord([2, 1]) },
    spec: { restartPolicy: 'Never', containers: [aContainer(), aContainer('b')] },
    starts: [],
    outcome: 'Failed',
  },
  {
    name: 'one that still runs keeps the pod going',
    records: { main: aRecord([0, 1]), b: aRecord() },
    spec: { restartPolicy: 'Never', containers: [aContainer(), aContainer('b')] },
    starts: [],
  },
  { name: 'a back-off holds a start up', records: { main: aRecord([1, 1], { backOff: 300 }) }, starts: [] },
];

test.each(rows)('$name', ({ records, spec, starts, outcome, ends = [] }) => {
  const plan = planPod(aPodRecord(records, spec), 10_000);
  expect({ starts: plan.start.map(({ name }) => name), outcome: plan.outcome, ends: plan.end }).toEqual({
    starts,
    outcome,
    ends,
  });
});

test('a back-off names its end and itself', () => {
  const plan = planPod(aPodRecord({ main: aRecord([1, 5], { attempt: 3, backOff: 20 }) }), 10_000);
  expect(plan.wakeAt).toBe(25_000);
  expect(plan.waiting['main']).toEqual({
    reason: 'CrashLoopBackOff',
    message: 'back-off 20s restarting failed container=main pod=pod',
  });
});

test('a pod that is being deleted starts nothing and has an outcome when all have ended', () => {
  const deleted = (record: ContainerRecord) => planPod({ ...aPodRecord({ main: record }), terminatingSince: 'x' }, 0);
  expect(deleted(aRecord())).toMatchObject({ start: [], end: [] });
  expect(deleted(aRecord()).outcome).toBeUndefined();
  expect(deleted(aRecord([0, 1])).outcome).toBe('Succeeded');
  expect(deleted(aRecord([137, 1])).outcome).toBe('Failed');
});

test('a pod past its deadline ends what runs', () => {
  const record = { ...aPodRecord({ main: aRecord() }), failed: { reason: 'DeadlineExceeded', message: '' } };
  expect(planPod(record, 0)).toMatchObject({ start: [], end: ['main'], outcome: 'Failed' });
});

test('the back-off: none after the first failure, 10 s, doubled to five minutes, forgotten after ten good minutes', () => {
  const seen: number[] = [];
  let backOff = 0;
  for (let attempt = 0; attempt < 8; attempt++) {
    backOff = nextBackOff(aRecord([1, 1], { attempt, backOff }), 1000);
    seen.push(backOff);
  }
  expect(seen).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
  expect(nextBackOff(aRecord([1, 601], { attempt: 9, backOff: 300 }), 601_000)).toBe(0);
});
