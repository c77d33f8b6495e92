import { expect, test } from '@jest/globals';
import type { Cluster } from '../../../api/generated/cluster.ts';
import type { Pod } from '../../../kube/objects.ts';
import { instancePod } from '../../../resources/pod.ts';
import { parseConfiguration } from '../../config.ts';
import type { Instance, JobFact, World } from '../world.ts';
import { givenUp } from './give-up.ts';
import { health } from './health.ts';
import { hibernation } from './hibernation.ts';
import { isInitialized } from './initialized.ts';
import { freeSerial, nextReplicas } from './next-replicas.ts';
import { nextRollout } from './rollout.ts';
import { instanceTooMany } from './scale-down.ts';

const settings = parseConfiguration({}, 'test');

const aCluster = (instances: number, primary: string | null = 'c-1', spec: object = {}): Cluster => ({
  metadata: { name: 'c', namespace: 'n', uid: 'u' },
  spec: { instances, storage: { size: '1Gi' }, ...spec },
  status: primary === null ? {} : { currentPrimary: primary, targetPrimary: primary },
});

const aPod = (serial: number, ready: boolean, cluster = aCluster(3)): Pod => ({
  ...instancePod(cluster, settings, serial),
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});

const anInstance = (serial: number, more: Partial<Instance> = {}): Instance => ({
  name: `c-${serial}`,
  serial,
  claims: [],
  missing: [],
  terminating: false,
  filled: true,
  removal: undefined,
  detached: false,
  unusable: false,
  pod: aPod(serial, true),
  job: undefined,
  answer: { ok: true, status: {} },
  ...more,
});

const aWorld = (...instances: Instance[]): World => ({ instances, pods: [], claims: [], jobs: [] });
const joining = (state: JobFact['state']): Partial<Instance> => ({
  filled: false,
  pod: undefined,
  job: { job: {}, role: 'join', state, placed: true, failures: 1, message: 'why' },
});
const notReady = (serial: number): Partial<Instance> => ({ pod: aPod(serial, false) });

const starting = (started: boolean): Partial<Instance> => {
  const pod = aPod(1, false);
  const known = { image: '', imageID: '', ready: false, restartCount: 0 };
  const containerStatuses = [{ ...known, name: 'postgres', started, state: { running: {} } }];
  return { pod: { ...pod, status: { ...pod.status, containerStatuses } } };
};

test.each<[string, Cluster, World, boolean]>([
  ['a filled claim', aCluster(1, null), aWorld(anInstance(1)), true],
  ['a primary in status, and nothing else left', aCluster(1), aWorld(), true],
  ['nothing', aCluster(1, null), aWorld(anInstance(1, joining('running'))), false],
])('initialized: %s', (_name, cluster, world, expected) => {
  expect(isInitialized(cluster, world)).toBe(expected);
});

const begun = (...create: object[]): object => ({ rule: 'begin', running: [], create });
test.each<[string, Cluster, World, object]>([
  ['one is missing', aCluster(2), aWorld(anInstance(1)), begun({ name: 'c-2', serial: 2 })],
  ['all that are missing, side by side', aCluster(3), aWorld(anInstance(1)), begun({ serial: 2 }, { serial: 3 })],
  [
    'not all at once when there are many',
    aCluster(9),
    aWorld(anInstance(1)),
    { rule: 'joins-at-once', create: [{ serial: 2 }, { serial: 3 }, { serial: 4 }] },
  ],
  ['the lowest free numbers', aCluster(4), aWorld(anInstance(1), anInstance(3)), begun({ serial: 2 }, { serial: 4 })],
  [
    'not while the primary is away',
    aCluster(2),
    aWorld(anInstance(1, notReady(1))),
    { rule: 'no-primary-to-copy', create: [] },
  ],
  ['while the first one starts', aCluster(2), aWorld(anInstance(1, starting(false))), begun({ serial: 2 })],
  [
    'not while a single one that had started is away',
    aCluster(2),
    aWorld(anInstance(1, starting(true))),
    { rule: 'no-primary-to-copy', create: [] },
  ],
  [
    'not beside a filled one while the primary starts',
    aCluster(3),
    aWorld(anInstance(1, starting(false)), anInstance(2)),
    { rule: 'no-primary-to-copy', create: [] },
  ],
  [
    'beside one that runs',
    aCluster(3),
    aWorld(anInstance(1), anInstance(2, joining('running'))),
    { rule: 'begin', running: [{ name: 'c-2', failures: 1, message: 'why' }], create: [{ serial: 3 }] },
  ],
  [
    'a failed one waits, the others do not',
    aCluster(3),
    aWorld(anInstance(1), anInstance(2, joining('failed'))),
    begun({ serial: 3 }),
  ],
  [
    'an interrupted one is gone on with',
    aCluster(2),
    aWorld(anInstance(1), anInstance(2, { ...joining('running'), job: undefined })),
    begun({ name: 'c-2', serial: 2, missing: new Set() }),
  ],
  ['enough', aCluster(1), aWorld(anInstance(1)), { rule: 'enough', create: [] }],
  [
    'the number of one on its way out is not given again',
    aCluster(2),
    aWorld(anInstance(1), anInstance(2, { terminating: true })),
    begun({ serial: 3 }),
  ],
])('next replicas: %s', (_name, cluster, world, expected) => {
  expect(nextReplicas(cluster, world)).toMatchObject(expected);
});

test('a serial in use by anything is not free', () => {
  expect(freeSerial(aWorld(anInstance(1, { removal: 'x' }), anInstance(2, { detached: true })))).toBe(3);
});

test.each<[string, Cluster, World, string | undefined]>([
  ['the youngest', aCluster(2), aWorld(anInstance(1), anInstance(2), anInstance(3)), 'c-3'],
  [
    'one without a pod before',
    aCluster(2),
    aWorld(anInstance(1), anInstance(2, { pod: undefined }), anInstance(3)),
    'c-2',
  ],
  ['never the primary', aCluster(1, 'c-2'), aWorld(anInstance(1), anInstance(2)), 'c-1'],
  ['nobody while the primary is not ready', aCluster(1), aWorld(anInstance(1, notReady(1)), anInstance(2)), undefined],
  ['nobody while no primary is known', aCluster(1, null), aWorld(anInstance(1), anInstance(2)), undefined],
  ['nobody too many', aCluster(2), aWorld(anInstance(1), anInstance(2)), undefined],
])('scale down: %s', (_name, cluster, world, expected) => {
  expect(instanceTooMany(cluster, world)?.name).toBe(expected);
});

const changed = aCluster(3, 'c-1', { logLevel: 'debug' });
const fresh = (serial: number, ready = true): Partial<Instance> => ({ pod: aPod(serial, ready, changed) });
const onlyPrimary = aWorld(anInstance(1), anInstance(2, fresh(2)), anInstance(3, fresh(3)));
const by = (spec: object): Cluster => ({ ...changed, spec: { ...changed.spec, ...spec } });

test.each<[string, Cluster, World, object]>([
  [
    'the youngest replica first',
    changed,
    aWorld(anInstance(1), anInstance(2), anInstance(3)),
    { kind: 'recreate', instance: { name: 'c-3' } },
  ],
  [
    'then the next',
    changed,
    aWorld(anInstance(1), anInstance(2), anInstance(3, fresh(3))),
    { instance: { name: 'c-2' } },
  ],
  [
    'not before it is back',
    changed,
    aWorld(anInstance(1), anInstance(2), anInstance(3, fresh(3, false))),
    { kind: 'wait' },
  ],
  [
    'not while it has no pod',
    changed,
    aWorld(anInstance(1), anInstance(2, fresh(2)), anInstance(3, { pod: undefined })),
    { kind: 'wait' },
  ],
  [
    'not while one is joining',
    changed,
    aWorld(anInstance(1), anInstance(2, fresh(2)), anInstance(3, joining('running'))),
    { kind: 'wait' },
  ],
  [
    'a broken one at once',
    changed,
    aWorld(anInstance(1), anInstance(2, notReady(2)), anInstance(3)),
    { instance: { name: 'c-2' } },
  ],
  [
    'the primary last, with its role',
    changed,
    onlyPrimary,
    { rule: 'restart-primary', kind: 'recreate', instance: { name: 'c-1' }, primary: true },
  ],
  ['by switchover', by({ primaryUpdateMethod: 'switchover' }), onlyPrimary, { kind: 'switchover' }],
  [
    'one alone by restart in any case',
    by({ instances: 1, primaryUpdateMethod: 'switchover' }),
    aWorld(anInstance(1)),
    { kind: 'recreate', primary: true },
  ],
  ['supervised', by({ primaryUpdateStrategy: 'supervised' }), onlyPrimary, { kind: 'ask-the-user' }],
  [
    'nothing while the role changes',
    { ...changed, status: { currentPrimary: 'c-1', targetPrimary: 'c-2' } },
    onlyPrimary,
    { rule: 'role-changes', kind: 'none' },
  ],
  [
    'a fenced one is left as it is',
    { ...changed, metadata: { ...changed.metadata, annotations: { 'cnpg.io/fencedInstances': '["c-3"]' } } },
    aWorld(anInstance(1), anInstance(2), anInstance(3, notReady(3))),
    { kind: 'recreate', instance: { name: 'c-2' } },
  ],
  [
    'nothing left',
    changed,
    aWorld(anInstance(1, fresh(1)), anInstance(2, fresh(2)), anInstance(3, fresh(3))),
    { rule: 'nothing-to-roll', kind: 'none' },
  ],
])('rollout: %s', (_name, cluster, world, expected) => {
  expect(nextRollout(cluster, settings, world)).toMatchObject(expected);
});

const pending = (pendingRestart: boolean, decrease = false): Partial<Instance> => ({
  answer: { ok: true, status: { pendingRestart, pendingRestartForDecrease: decrease } },
});

test.each<[string, object, World, object]>([
  [
    'replicas first',
    {},
    aWorld(anInstance(1, pending(true)), anInstance(2, pending(true))),
    { rule: 'replicas-restart-first', kind: 'wait' },
  ],
  [
    'then the primary, in place',
    {},
    aWorld(anInstance(1, pending(true)), anInstance(2, pending(false))),
    { kind: 'restart-in-place', instance: { name: 'c-1' } },
  ],
  [
    'the primary first when a limit gets lower',
    {},
    aWorld(anInstance(1, pending(true, true)), anInstance(2, pending(true))),
    { rule: 'restart-primary-first', kind: 'restart-in-place' },
  ],
  [
    'by switchover',
    { primaryUpdateMethod: 'switchover' },
    aWorld(anInstance(1, pending(true)), anInstance(2, pending(false))),
    { kind: 'switchover' },
  ],
  [
    'supervised',
    { primaryUpdateStrategy: 'supervised' },
    aWorld(anInstance(1, pending(true)), anInstance(2, pending(false))),
    { kind: 'ask-the-user' },
  ],
  ['not needed', {}, aWorld(anInstance(1, pending(false)), anInstance(2, pending(true))), { kind: 'none' }],
])('restart for parameters: %s', (_name, spec, world, expected) => {
  expect(nextRollout(aCluster(2, 'c-1', spec), settings, world)).toMatchObject(expected);
});

test('without drift detection nothing is rolled', () => {
  const metadata = { ...changed.metadata, annotations: { 'cnpg.io/reconcilePodSpec': 'disabled' } };
  expect(nextRollout({ ...changed, metadata }, settings, aWorld(anInstance(1)))).toMatchObject({ kind: 'none' });
});

const marked: Partial<Instance> = {
  pod: { ...aPod(2, true), metadata: { name: 'c-2', annotations: { 'alpha.cnpg.io/unrecoverable': 'true' } } },
};
const unschedulable: Partial<Instance> = {
  pod: { ...aPod(2, false), status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False' }] } },
};
const window = (reusePVC: boolean): object => ({ nodeMaintenanceWindow: { inProgress: true, reusePVC } });

test.each<[string, Cluster, World, string[]]>([
  ['marked', aCluster(2), aWorld(anInstance(1), anInstance(2, marked)), ['unrecoverable']],
  ['a marked primary is kept', aCluster(2, 'c-2'), aWorld(anInstance(1), anInstance(2, marked)), []],
  ['nobody while the primary is away', aCluster(2), aWorld(anInstance(1, notReady(1)), anInstance(2, marked)), []],
  [
    'maintenance with new volumes',
    aCluster(2, 'c-1', window(false)),
    aWorld(anInstance(1), anInstance(2, unschedulable)),
    ['new-volume-in-maintenance'],
  ],
  [
    'maintenance that waits for the node',
    aCluster(2, 'c-1', window(true)),
    aWorld(anInstance(1), anInstance(2, unschedulable)),
    [],
  ],
])('given up: %s', (_name, cluster, world, expected) => {
  expect(givenUp(cluster, world).map(({ rule }) => rule)).toEqual(expected);
});

const hibernating = (wish: string | undefined, reason?: string, phase = 'Cluster in healthy state'): Cluster => {
  const cluster = aCluster(2);
  const condition = { type: 'cnpg.io/hibernation', status: 'False' as const, message: '', lastTransitionTime: '' };
  return {
    ...cluster,
    metadata: { ...cluster.metadata, ...(wish === undefined ? {} : { annotations: { 'cnpg.io/hibernation': wish } }) },
    status: { ...cluster.status, phase, conditions: reason === undefined ? [] : [{ ...condition, reason }] },
  };
};
const leaving = (serial: number): Partial<Instance> => {
  const pod = aPod(serial, true);
  return { pod: { ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } } };
};
const podless = { pod: undefined };

test.each<[string, Cluster, World, object]>([
  ['awake', hibernating(undefined), aWorld(anInstance(1)), { kind: 'awake' }],
  ['a wrong value', hibernating('yes'), aWorld(anInstance(1)), { kind: 'refuse', reason: 'WrongAnnotationValue' }],
  [
    'not from a cluster that is not healthy',
    hibernating('on', undefined, 'Failing over'),
    aWorld(anInstance(1)),
    { kind: 'wait', reason: 'WaitingForHealthy' },
  ],
  [
    'the primary first',
    hibernating('on'),
    aWorld(anInstance(1), anInstance(2)),
    { kind: 'delete', of: [{ name: 'c-1' }] },
  ],
  [
    'the others not before it has stopped',
    hibernating('on', 'DeletingPods'),
    aWorld(anInstance(1, leaving(1)), anInstance(2)),
    { kind: 'wait', reason: 'WaitingPodsDeletion' },
  ],
  [
    'then all others, whatever the phase is',
    hibernating('on', 'WaitingPodsDeletion', 'Failing over'),
    aWorld(anInstance(1, podless), anInstance(2)),
    { kind: 'delete', of: [{ name: 'c-2' }] },
  ],
  [
    'asleep',
    hibernating('on', 'DeletingPods'),
    aWorld(anInstance(1, podless), anInstance(2, podless)),
    { kind: 'asleep', reason: 'Hibernated' },
  ],
  ['off', hibernating('off', 'Hibernated'), aWorld(anInstance(1, podless)), { kind: 'wake-up' }],
])('hibernation: %s', (_name, cluster, world, expected) => {
  expect(hibernation(cluster, world)).toMatchObject(expected);
});

const labelled = (serial: number): Partial<Instance> => {
  const pod = aPod(serial, true);
  return { pod: { ...pod, metadata: { ...pod.metadata, labels: { 'cnpg.io/instanceRole': 'primary' } } } };
};

test.each<[string, World, string]>([
  ['healthy', aWorld(anInstance(1, labelled(1))), 'Cluster in healthy state'],
  [
    'nobody answers',
    aWorld(anInstance(1, { answer: undefined })),
    'Instance Status Extraction Error: HTTP communication issue',
  ],
  ['not ready', aWorld(anInstance(1, notReady(1))), 'Waiting for the instances to become active'],
  [
    'the primary has no label yet',
    aWorld(anInstance(1, { pod: { ...aPod(1, true), metadata: {} } })),
    'Waiting for the instances to become active',
  ],
])('health: %s', (_name, world, expected) => {
  expect(health(aCluster(1), world).phase).toBe(expected);
});
