import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Backup } from '../../api/generated/backup.ts';
import type { ScheduledBackup, ScheduledBackupSpec } from '../../api/generated/scheduled-backup.ts';
import type { KubeApi } from '../../kube/port.ts';
import { resource } from '../../kube/resource-types.ts';
import { startApiServer } from '../../local/apiserver/testing/server.ts';
import { parseConfiguration } from '../config.ts';
import { aCluster, startPlatform, type TestPlatform } from '../testing/test-world.ts';
import { reconcileSchedule } from './reconcile.ts';

let platform: TestPlatform;
let api: KubeApi;
let events: string[] = [];
beforeAll(async () => {
  platform = await startPlatform(startApiServer);
  api = platform.api;
  await api.create(resource.clusters, aCluster({ name: 'c' }));
});
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});
beforeEach(() => {
  events = [];
});

const namespace = 'default';
const settings = parseConfiguration({ OPERATOR_IMAGE_NAME: 'howdah:test' }, 'test');
const at = (time: string): Date => new Date(`2026-01-01T${time}Z`);

async function create(
  name: string,
  spec: Partial<ScheduledBackupSpec> = {},
  annotations: Record<string, string> = {},
): Promise<void> {
  await api.create<ScheduledBackup>(resource.scheduledBackups, {
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'ScheduledBackup',
    metadata: { name, namespace, annotations },
    spec: { schedule: '0 0 * * * *', cluster: { name: 'c' }, ...spec },
  });
}

const look = (name: string, now: Date) =>
  reconcileSchedule(
    { api, settings, now: () => now, emit: (_, { reason }) => void events.push(reason) },
    { namespace, name },
    AbortSignal.timeout(30_000),
  );

const statusOf = async (name: string) =>
  (await api.get<ScheduledBackup>(resource.scheduledBackups, { namespace, name }))?.status;

const childrenOf = async (name: string): Promise<Backup[]> =>
  (await api.list<Backup>(resource.backups, { namespace, labelSelector: `cnpg.io/scheduled-backup=${name}` })).items;

const finish = (name: string) =>
  api.patchStatus(resource.backups, { namespace, name }, { status: { phase: 'completed' } });

test('from its first look to its second backup', async () => {
  await create('hourly', { backupOwnerReference: 'self', target: 'primary' });
  await look('hourly', at('09:30:00'));
  expect(await childrenOf('hourly')).toEqual([]);
  expect(await statusOf('hourly')).toEqual({
    lastCheckTime: '2026-01-01T09:30:00Z',
    nextScheduleTime: '2026-01-01T10:00:00Z',
  });
  await look('hourly', at('10:00:01'));
  await look('hourly', at('10:00:02'));
  const [child, ...others] = await childrenOf('hourly');
  expect(others).toEqual([]);
  expect(child).toMatchObject({
    metadata: {
      name: 'hourly-20260101100000',
      labels: {
        'cnpg.io/cluster': 'c',
        'cnpg.io/immediateBackup': 'false',
        'app.kubernetes.io/managed-by': 'cloudnative-pg',
      },
      ownerReferences: [{ kind: 'ScheduledBackup', name: 'hourly', controller: true }],
    },
    spec: { cluster: { name: 'c' }, method: 'barmanObjectStore', target: 'primary' },
  });
  expect(await statusOf('hourly')).toEqual({
    lastCheckTime: '2026-01-01T10:00:01Z',
    lastScheduleTime: '2026-01-01T10:00:00Z',
    nextScheduleTime: '2026-01-01T11:00:00Z',
  });
  // The first is still being taken at eleven; the second begins when it is done, under the name of its moment.
  await look('hourly', at('11:00:00'));
  expect(await childrenOf('hourly')).toHaveLength(1);
  await finish('hourly-20260101100000');
  await look('hourly', at('11:20:00'));
  expect((await childrenOf('hourly')).map(({ metadata }) => metadata.name).sort()).toEqual([
    'hourly-20260101100000',
    'hourly-20260101110000',
  ]);
  expect(events).toEqual(['BackupSchedule', 'BackupCreation', 'BackupSchedule', 'BackupCreation', 'BackupSchedule']);
});

test('immediate: at once, marked so, owned by the cluster when asked; a look that died before its status is not repeated', async () => {
  await create(
    'now',
    { immediate: true, backupOwnerReference: 'cluster' },
    { 'howdah.dev/incremental-from': 'latest', other: 'x' },
  );
  await look('now', at('09:30:15'));
  await api.patchStatus(resource.scheduledBackups, { namespace, name: 'now' }, { status: null });
  await finish('now-20260101093015');
  await look('now', at('09:30:15'));
  const children = await childrenOf('now');
  expect(children).toHaveLength(1);
  expect(children[0]?.metadata).toMatchObject({
    name: 'now-20260101093015',
    labels: { 'cnpg.io/immediateBackup': 'true' },
    annotations: { 'howdah.dev/incremental-from': 'latest' },
    ownerReferences: [{ kind: 'Cluster', name: 'c' }],
  });
});

test('suspended: nothing, until it is resumed', async () => {
  await create('asleep', { suspend: true });
  expect(await look('asleep', at('10:00:00'))).toBeUndefined();
  expect(await statusOf('asleep')).toBeUndefined();
  await api.patch(resource.scheduledBackups, { namespace, name: 'asleep' }, { spec: { suspend: false } });
  await look('asleep', at('10:30:00'));
  expect(await statusOf('asleep')).toMatchObject({ nextScheduleTime: '2026-01-01T11:00:00Z' });
});

test.each([
  [
    'typo',
    { schedule: '0 0 25 * * *' },
    'InvalidSchedule',
    'spec.schedule: "0 0 25 * * *": hour: 25 is not from 0 to 23',
  ],
  [
    'orphan',
    { cluster: { name: 'nobody' }, immediate: true },
    'InvalidCluster',
    'spec.cluster.name: there is no Cluster nobody',
  ],
])('%s: says what is wrong, once', async (name, spec, reason, error) => {
  await create(name, spec);
  await look(name, at('09:00:00'));
  await look(name, at('10:00:00'));
  expect(await statusOf(name)).toMatchObject({ error });
  expect(events).toEqual([reason]);
  expect(await childrenOf(name)).toEqual([]);
});

test("a Backup of that name which is somebody else's is left alone, and the moment left out", async () => {
  await create('taken');
  await api.create<Backup>(resource.backups, {
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'Backup',
    metadata: { name: 'taken-20260101100000', namespace },
    spec: { cluster: { name: 'c' } },
  });
  await look('taken', at('09:30:00'));
  await look('taken', at('10:00:00'));
  expect(events).toContain('BackupAdoptionRefused');
  expect(await statusOf('taken')).toMatchObject({ nextScheduleTime: '2026-01-01T11:00:00Z' });
});
