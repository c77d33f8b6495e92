import { expect, test } from '@jest/globals';
import { aContainer, aPodRecord, aRecord } from '../testing/records.ts';
import { planPod } from './plan.ts';
import type { PodRecord } from '../model/records.ts';
import { mergeConditions, podStatus } from './status.ts';

const at = (seconds: number): Date => new Date(seconds * 1000);
const statusOf = (record: PodRecord, problems = {}, now = at(10)) =>
  podStatus({ record, plan: planPod(record, now.getTime()), problems, nodeAddress: '127.88.1.1', now });
const condition = (status: ReturnType<typeof statusOf>, type: string) =>
  status.conditions?.find((one) => one.type === type);

test('a running pod is ready when its containers are', () => {
  const status = statusOf(aPodRecord({ main: aRecord() }));
  expect(status).toMatchObject({
    phase: 'Running',
    podIP: '127.88.11.1',
    hostIP: '127.88.1.1',
    qosClass: 'BestEffort',
  });
  expect(condition(status, 'Ready')?.status).toBe('True');
  expect(status.containerStatuses?.[0]).toMatchObject({
    ready: true,
    started: true,
    restartCount: 0,
    containerID: 'howdah://id0',
  });
});

test('a pod whose init containers run is pending and its others wait', () => {
  const status = statusOf(aPodRecord({ one: aRecord() }, { initContainers: [aContainer('one')] }));
  expect(status.phase).toBe('Pending');
  expect(status.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: 'PodInitializing' } });
  expect(condition(status, 'Initialized')).toMatchObject({ status: 'False', reason: 'ContainersNotInitialized' });
});

test('a container that cannot be made keeps the pod pending and says why', () => {
  const waiting = { reason: 'CreateContainerConfigError', message: 'secret "x" not found' };
  const status = statusOf(aPodRecord({}), { main: waiting });
  expect(status).toMatchObject({ phase: 'Pending', containerStatuses: [{ state: { waiting } }] });
});

test('a container in back-off keeps the pod running, not ready, and shows how it ended', () => {
  const status = statusOf(aPodRecord({ main: aRecord([3, 9], { attempt: 2, backOff: 20 }) }));
  expect(status.phase).toBe('Running');
  expect(condition(status, 'Ready')?.status).toBe('False');
  expect(status.containerStatuses?.[0]).toMatchObject({
    ready: false,
    restartCount: 2,
    state: { waiting: { reason: 'CrashLoopBackOff' } },
    lastState: { terminated: { exitCode: 3, reason: 'Error' } },
  });
});

test('a condition keeps its time while it does not change', () => {
  const record = aPodRecord({ main: aRecord() });
  const first = statusOf(record, {}, at(10));
  const later = statusOf({ ...record, pod: { ...record.pod, status: first } }, {}, at(20));
  expect(condition(later, 'Ready')?.lastTransitionTime).toBe(at(10).toISOString());
});

test('conditions of others stay and readiness gates wait for them', () => {
  const record = aPodRecord({ main: aRecord() }, { readinessGates: [{ conditionType: 'example.com/gate' }] });
  expect(condition(statusOf(record), 'Ready')).toMatchObject({ status: 'False', reason: 'ReadinessGatesNotReady' });
  const own = { ...record.pod, status: statusOf(record) };
  const gate = { type: 'example.com/gate', status: 'True' as const };
  const merged = mergeConditions({ ...record.pod, status: { conditions: [gate] } }, own);
  const status = statusOf({ ...record, pod: merged });
  expect(condition(status, 'Ready')?.status).toBe('True');
  expect(status.conditions).toContainEqual(gate);
});
