import { expect, test } from '@jest/globals';
import type { Cluster } from '../../api/generated/cluster.ts';
import { parseSchedule } from '../../api/scheduled-backup/schedule.ts';
import { decideDrill, type DrillFacts } from './decide.ts';
import { drillCluster } from './manifest.ts';

const at = (time: string): Date => new Date(`2026-01-01T${time}Z`);
const facts = (more: Partial<DrillFacts> = {}): DrillFacts => ({
  schedule: parseSchedule('0 0 * * * *'),
  now: at('10:30:00'),
  since: at('09:30:00'),
  status: undefined,
  restorable: true,
  restored: undefined,
  ...more,
});
const running = { phase: 'running', startedAt: '2026-01-01T10:00:00Z' };
const verification = {
  startedAt: '2026-01-01T10:00:40Z',
  recoveredTo: '2026-01-01T09:58:00Z',
  problems: [] as string[],
};

test.each<[string, Partial<DrillFacts>, object]>([
  ['its time has come', {}, { rule: 'begin' }],
  ['not yet', { since: at('10:10:00') }, { rule: 'wait', next: at('11:00:00') }],
  ['no backup yet', { restorable: false }, { rule: 'nothing-to-restore', next: at('11:00:00') }],
  ['begun, nothing made', { status: running }, { rule: 'create' }],
  ['being restored', { status: running, restored: { verification: undefined, failure: undefined } }, { rule: 'watch' }],
  [
    'whole',
    { status: running, restored: { verification, failure: undefined } },
    { rule: 'end', outcome: { phase: 'succeeded', recoverySeconds: 40, recoveryPointSeconds: 120 } },
  ],
  [
    'damaged',
    { status: running, restored: { verification: { ...verification, problems: ['a', 'b'] }, failure: undefined } },
    { rule: 'end', outcome: { phase: 'failed', message: 'a, and 1 more' } },
  ],
  [
    'not to be restored',
    { status: running, restored: { verification: undefined, failure: 'no WAL' } },
    { rule: 'end', outcome: { phase: 'failed', message: 'no WAL' } },
  ],
  [
    'stuck',
    { status: running, now: at('16:30:00'), restored: { verification: undefined, failure: undefined } },
    { rule: 'end', outcome: { phase: 'failed', message: 'the restore did not come to its end within 6 hours' } },
  ],
  [
    'over, and something is left',
    { status: { ...running, phase: 'failed' }, restored: { verification, failure: undefined } },
    { rule: 'clean-up' },
  ],
  ['over', { status: { ...running, phase: 'succeeded' } }, { rule: 'wait', next: at('11:00:00') }],
])('%s', (_name, more, expected) => {
  expect(decideDrill(facts(more))).toMatchObject(expected);
});

test('what is restored has no backups and archives nothing, and takes the place of the original as it is named there', () => {
  const cluster: Cluster = {
    metadata: { name: 'c', namespace: 'n', uid: 'u' },
    spec: {
      instances: 3,
      storage: { size: '1Gi' },
      backup: { barmanObjectStore: { destinationPath: 's3://b/' }, retentionPolicy: '7d' },
      postgresql: { parameters: { work_mem: '8MB' }, synchronous: { method: 'any', number: 1 } },
    },
  };
  expect(drillCluster(cluster)).toMatchObject({
    metadata: { name: 'c-drill', annotations: { 'howdah.dev/drill-of': 'c' }, ownerReferences: [{ uid: 'u' }] },
    spec: {
      instances: 1,
      storage: { size: '1Gi' },
      postgresql: { parameters: { work_mem: '8MB' } },
      bootstrap: { recovery: { source: 'origin' } },
      externalClusters: [{ name: 'origin', barmanObjectStore: { destinationPath: 's3://b/', serverName: 'c' } }],
    },
  });
  expect(drillCluster(cluster)?.spec.backup).toBeUndefined();
  expect(drillCluster(cluster)?.spec.postgresql?.synchronous).toBeUndefined();
  const plugins = [
    { name: 'barman-cloud.cloudnative-pg.io', isWALArchiver: true, parameters: { barmanObjectName: 'store' } },
  ];
  const { backup: _, ...bare } = cluster.spec;
  expect(drillCluster({ ...cluster, spec: { ...bare, plugins } })?.spec.externalClusters).toEqual([
    {
      name: 'origin',
      plugin: { name: 'barman-cloud.cloudnative-pg.io', parameters: { barmanObjectName: 'store', serverName: 'c' } },
    },
  ]);
  expect(drillCluster({ ...cluster, spec: bare })).toBeUndefined();
});
