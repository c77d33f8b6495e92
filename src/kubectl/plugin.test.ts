import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import type { Backup } from '../api/generated/backup.ts';
import type { Cluster } from '../api/generated/cluster.ts';
import { createKubeClient } from '../kube/client.ts';
import { resource } from '../kube/resource-types.ts';
import { startApiServer } from '../local/apiserver/testing/server.ts';
import { statusText } from './status.ts';
import { commands } from './plugin.ts';

const now = new Date('2026-11-23T17:00:00Z');
let server: Awaited<ReturnType<typeof startApiServer>>;
let api: ReturnType<typeof createKubeClient>;

beforeAll(async () => {
  server = await startApiServer();
  api = createKubeClient(server.adminConnection);
  const crds = path.resolve(import.meta.dirname, '../../crds');
  for (const file of await readdir(crds)) {
    if (/_(clusters|backups)\.yaml$/.test(file)) {
      await api.create(
        resource.customResourceDefinitions,
        parse(await readFile(path.join(crds, file), 'utf8')) as object,
      );
    }
  }
  await api.create<Cluster>(resource.clusters, {
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'Cluster',
    metadata: { name: 'pg', namespace: 'default' },
    spec: { instances: 2, storage: { size: '1Gi' } },
  });
  await api.patchStatus(
    resource.clusters,
    { namespace: 'default', name: 'pg' },
    {
      status: {
        currentPrimary: 'pg-1',
        targetPrimary: 'pg-1',
        instanceNames: ['pg-1', 'pg-2'],
        phase: 'Cluster in healthy state',
      },
    },
  );
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await server.close();
});

const run = (command: string, ...words: string[]): Promise<string> =>
  commands[command]!.run({ api, namespace: 'default', words, now });
const read = (): Promise<Cluster | undefined> =>
  api.get<Cluster>(resource.clusters, { namespace: 'default', name: 'pg' });

test('status says what the cluster is', async () => {
  expect(await run('status', 'pg')).toMatch(
    /Name +default\/pg\n[^]*Primary instance: +pg-1\n[^]*Status: +Cluster in healthy state/,
  );
});

test('status says of a cluster that sleeps that it does, and not that it is healthy', () => {
  const condition = (status: 'True' | 'False') => ({ type: 'cnpg.io/hibernation', status, reason: '', message: '' });
  const text = (status: 'True' | 'False'): string =>
    statusText(
      {
        metadata: { name: 'pg', namespace: 'default' },
        spec: { instances: 2, storage: { size: '1Gi' } },
        status: {
          phase: 'Cluster in healthy state',
          phaseReason: 'Stopping pg-1',
          conditions: [{ ...condition(status), lastTransitionTime: '' }],
        },
      },
      [],
    );
  expect(text('True')).toMatch(/Status: +Hibernated\n/);
  expect(text('False')).toMatch(/Status: +Cluster in healthy state: Stopping pg-1\n/);
});

test.each([
  ['["pg-2"]', 'Cluster in healthy state', 'pg-2', 'Primary', 'Fenced'],
  ['["*"]', 'Cluster in healthy state (Primary instance is fenced)', 'all', 'Fenced', 'Fenced'],
])('status says who is fenced: %s', (fencedInstances, line, names, first, second) => {
  const cluster: Cluster = {
    metadata: { name: 'pg', namespace: 'default', annotations: { 'cnpg.io/fencedInstances': fencedInstances } },
    spec: { instances: 2, storage: { size: '1Gi' } },
    status: {
      phase: 'Cluster in healthy state',
      currentPrimary: 'pg-1',
      instancesReportedState: { 'pg-1': { isPrimary: true }, 'pg-2': { isPrimary: false } },
    },
  };
  const text = statusText(cluster, []).replaceAll(/ +/g, ' ');
  expect(text).toContain(`Status: ${line}\n`);
  expect(text).toContain(`Fenced instances: ${names}\n`);
  expect(text).toContain(`pg-1 ${first}`);
  expect(text).toContain(`pg-2 ${second}`);
  const free = { ...cluster, metadata: { name: 'pg', namespace: 'default' } };
  expect(statusText(free, [])).not.toContain('Fenced');
});

test('promote refuses what would be refused, and status is unchanged', async () => {
  await run('fencing', 'on', 'pg', '1');
  await expect(run('promote', 'pg', '2')).rejects.toThrow('no switchover to pg-2: pg-1 is fenced');
  expect((await read())?.status?.targetPrimary).toBe('pg-1');
  await run('fencing', 'off', 'pg', '1');
});

test('promote writes the target as CloudNativePG’s plugin does; the serial is enough', async () => {
  expect(await run('promote', 'pg', '1')).toBe('pg-1 is already the primary instance in the cluster\n');
  expect(await run('promote', 'pg', '2')).toBe('Node pg-2 in cluster pg will be promoted\n');
  expect((await read())?.status).toMatchObject({
    currentPrimary: 'pg-1',
    targetPrimary: 'pg-2',
    phase: 'Switchover in progress',
    phaseReason: 'Switching over to pg-2',
  });
});

const annotations = async (): Promise<Record<string, string> | undefined> => (await read())?.metadata.annotations;

test('fencing on and off edits the annotation, and knows the instances', async () => {
  expect(await run('fencing', 'on', 'pg', 'pg-2')).toBe('pg-2 fenced\n');
  expect((await annotations())?.['cnpg.io/fencedInstances']).toBe('["pg-2"]');
  expect(await run('fencing', 'on', 'pg', '*')).toBe('* fenced\n');
  expect((await annotations())?.['cnpg.io/fencedInstances']).toBe('["*"]');
  await run('fencing', 'off', 'pg', '1');
  expect((await annotations())?.['cnpg.io/fencedInstances']).toBe('["pg-2"]');
  await run('fencing', 'off', 'pg', '*');
  expect((await annotations())?.['cnpg.io/fencedInstances']).toBeUndefined();
});

test('hibernate, reload, restart and maintenance write their wish into the Cluster', async () => {
  await run('hibernate', 'on', 'pg');
  await run('reload', 'pg');
  await run('restart', 'pg');
  expect(await annotations()).toMatchObject({
    'cnpg.io/hibernation': 'on',
    'cnpg.io/reloadedAt': '2026-11-23T17:00:00.000Z',
    'kubectl.kubernetes.io/restartedAt': '2026-11-23T17:00:00.000Z',
  });
  expect(await run('maintenance', 'set', 'pg')).toBe('default/pg: maintenance false => true, reusePVC true => false\n');
  expect((await read())?.spec.nodeMaintenanceWindow).toEqual({ inProgress: true, reusePVC: false });
  await run('maintenance', 'unset');
  expect((await read())?.spec.nodeMaintenanceWindow?.inProgress).toBe(false);
});

test('backup makes a Backup named by the time, and none where there is no store for it', async () => {
  await expect(run('backup', 'pg')).rejects.toThrow(
    'pg has no store for backups: set spec.backup.barmanObjectStore, or an ObjectStore by spec.plugins',
  );
  expect((await api.list<Backup>(resource.backups, { namespace: 'default' })).items).toEqual([]);
  const key = { namespace: 'default', name: 'pg' };
  const made = async (): Promise<Backup['spec'] | undefined> => {
    const backup = { namespace: 'default', name: 'pg-20261123170000' };
    const { spec } = (await api.get<Backup>(resource.backups, backup)) ?? {};
    await api.delete(resource.backups, backup);
    return spec;
  };
  const name = 'barman-cloud.cloudnative-pg.io';
  const plugins = [{ name, isWALArchiver: true, parameters: { barmanObjectName: 'store' } }];
  await api.patch(resource.clusters, key, { spec: { plugins } });
  expect(await run('backup', 'pg')).toBe('backup/pg-20261123170000 created\n');
  expect(await made()).toMatchObject({ cluster: { name: 'pg' }, method: 'plugin', pluginConfiguration: { name } });

  const barmanObjectStore = { destinationPath: 's3://backups/', s3Credentials: { inheritFromIAMRole: true } };
  await api.patch(resource.clusters, key, { spec: { plugins: null, backup: { barmanObjectStore } } });
  await run('backup', 'pg');
  expect(await made()).toMatchObject({ cluster: { name: 'pg' }, method: 'barmanObjectStore' });
});

test.each([
  ['status', [], /the name of a cluster is missing/],
  ['status', ['nothing'], /there is no cluster "nothing" in namespace "default"/],
  ['destroy', ['pg', 'pg-1'], /pg-1 is the primary; promote another/],
  ['hibernate', ['maybe', 'pg'], /"maybe" must be on or off/],
  ['fencing', ['on', 'pg', 'pg-9'], /"pg-9" is no instance of pg/],
  ['promote', ['pg', 'pg-9'], /"pg-9" is no instance of pg; there are pg-1, pg-2/],
])('%s %p is refused', async (command, words, message) => {
  await expect(run(command, ...words)).rejects.toThrow(message);
});
