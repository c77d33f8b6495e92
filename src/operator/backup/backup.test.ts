import { expect, test } from '@jest/globals';
import type { Backup } from '../../api/generated/backup.ts';
import type { Cluster } from '../../api/generated/cluster.ts';
import type { Pod } from '../../kube/objects.ts';
import { backupPod, byAge, isActive, isWaiting, type Candidate } from './choose.ts';
import { prerequisites } from './prerequisites.ts';

const created = '2026-01-01T00:00:00Z';
const soon = new Date('2026-01-01T00:00:05Z');
const late = new Date('2026-01-01T00:02:00Z');

const aBackup = (name = 'b', spec: object = {}, phase?: string): Backup => ({
  metadata: { name, namespace: 'n', creationTimestamp: created },
  spec: { cluster: { name: 'c' }, ...spec },
  ...(phase === undefined ? {} : { status: { phase } }),
});

const store = { barmanObjectStore: { destinationPath: 's3://b/' } };
const aCluster = ({
  backup = store,
  ready = 'True',
  archiving = 'True',
  primary = 'c-1',
  annotations = {},
} = {}): Cluster => ({
  metadata: { name: 'c', namespace: 'n', annotations },
  spec: { instances: 3, backup },
  status: {
    currentPrimary: primary,
    conditions: [
      { type: 'Ready', status: ready as 'True', reason: 'x', message: '', lastTransitionTime: created },
      {
        type: 'ContinuousArchiving',
        status: archiving as 'True',
        reason: 'x',
        message: '',
        lastTransitionTime: created,
      },
    ],
  },
});

test.each<[string, Cluster | undefined, Backup, Date, object]>([
  ['all is well', aCluster(), aBackup(), soon, { kind: 'go' }],
  ['no such cluster', undefined, aBackup(), soon, { kind: 'wait', reason: 'FindingCluster' }],
  [
    'no store',
    aCluster({ backup: {} as typeof store }),
    aBackup(),
    soon,
    { kind: 'fail', reason: 'ClusterHasNoBarmanSection' },
  ],
  [
    'hibernated',
    aCluster({ annotations: { 'cnpg.io/hibernation': 'on' } }),
    aBackup(),
    soon,
    { reason: 'ClusterIsHibernated' },
  ],
  ['no primary yet', aCluster({ primary: '' }), aBackup(), late, { kind: 'wait', reason: 'BackupPending' }],
  ['being set up: a standby is worth a wait', aCluster({ ready: 'False' }), aBackup(), soon, { kind: 'wait' }],
  ['a stuck replica does not hold it up for ever', aCluster({ ready: 'False' }), aBackup(), late, { kind: 'go' }],
  [
    'nor one from the primary at all',
    aCluster({ ready: 'False' }),
    aBackup('b', { target: 'primary' }),
    soon,
    { kind: 'go' },
  ],
  ['archiving fails', aCluster({ archiving: 'False' }), aBackup(), soon, { kind: 'wait-for-archive' }],
])('a backup when: %s', (_name, cluster, backup, now, expected) => {
  expect(prerequisites(cluster, backup, now)).toMatchObject(expected);
});

const candidate = (name: string, position: bigint, ready = true): Candidate => ({
  position,
  pod: {
    metadata: { name },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  } satisfies Pod,
});

test.each<[string, Backup, Candidate[], string | undefined]>([
  ['the most advanced standby', aBackup(), [candidate('c-1', 9n), candidate('c-2', 5n), candidate('c-3', 7n)], 'c-3'],
  ['not one that is not ready', aBackup(), [candidate('c-1', 9n), candidate('c-2', 8n, false)], 'c-1'],
  ['the primary when asked', aBackup('b', { target: 'primary' }), [candidate('c-1', 9n), candidate('c-2', 9n)], 'c-1'],
  ['nobody without a primary', aBackup(), [candidate('c-2', 9n)], undefined],
])('taken by: %s', (_name, backup, candidates, expected) => {
  expect(backupPod(aCluster(), backup, candidates)?.metadata?.name).toBe(expected);
});

test('phases are waiting, active or done', () => {
  const names = [
    undefined,
    'pending',
    'walArchivingFailing',
    'started',
    'running',
    'finalizing',
    'completed',
    'failed',
  ];
  const backups = names.map((phase) => aBackup('b', {}, phase));
  expect(backups.map((backup) => [isWaiting(backup), isActive(backup)])).toEqual([
    ...Array<boolean[]>(3).fill([true, false]),
    ...Array<boolean[]>(3).fill([false, true]),
    ...Array<boolean[]>(2).fill([false, false]),
  ]);
});

test('the oldest first, then by name', () => {
  const older = { ...aBackup('z'), metadata: { ...aBackup('z').metadata, creationTimestamp: '2025-01-01T00:00:00Z' } };
  expect([aBackup('b'), aBackup('a'), older].sort(byAge).map(({ metadata }) => metadata.name)).toEqual(['z', 'a', 'b']);
});
