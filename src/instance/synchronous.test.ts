// Three instances with `required`, on real PostgreSQL and a pretended API server: the set grows with the members, a killed primary is
// followed by one that the others promised to, and what was acknowledged is there.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { annotation } from '../labels.ts';
import type { Cluster } from '../api/generated/cluster.ts';
import type { Lease } from '../kube/objects.ts';
import { fakeKube, type FakeKube } from '../testing/fake-kube.ts';
import type { StoredRecord } from './ha/core/lease-record.ts';
import { killFamily } from './postmaster/process.ts';
import { eventually, putSecrets, tellLogs, testPod, type TestPod } from './testing.ts';

let kube: FakeKube;
const pods = new Map<string, TestPod>();
const names = ['c-1', 'c-2', 'c-3'];
const pod = (name: string): TestPod => {
  const found = pods.get(name);
  if (!found) throw new Error(`no pod ${name}`);
  return found;
};
const cluster = (): Cluster => kube.get<Cluster>('clusters', 'default', 'c') as Cluster;
const record = (): StoredRecord =>
  JSON.parse(
    kube.get<Lease>('leases', 'default', 'c')?.metadata?.annotations?.[annotation.lease] ?? '{}',
  ) as StoredRecord;

/** One configuration is in force, of so many. */
const settled = (size: number) =>
  eventually(async () => {
    const { configurations = [] } = record();
    return configurations.length === 1 && configurations[0]?.names.length === size && configurations[0];
  }, 60);

beforeAll(async () => {
  kube = await fakeKube();
  await putSecrets(kube, 'c');
  kube.put('clusters', {
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'Cluster',
    metadata: { name: 'c', namespace: 'default' },
    spec: {
      instances: 3,
      storage: { size: '1Gi' },
      bootstrap: { initdb: { walSegmentSize: 4 } },
      postgresql: { synchronous: { method: 'any', number: 1, dataDurability: 'required' } },
    },
    status: { instanceNames: names, targetPrimary: 'c-1' },
  } as object);
  kube.put('leases', { metadata: { name: 'c', namespace: 'default' } });
  for (const name of names) pods.set(name, await testPod({ kube, cluster: 'c', pod: name, watchdogSeconds: 15 }));
}, 60_000);

afterAll(async () => {
  await tellLogs(...pods.values());
  for (const one of pods.values()) await one[Symbol.asyncDispose]();
  await kube[Symbol.asyncDispose]();
});

test('standbys that join at the same time are admitted to the set, which is never empty', async () => {
  expect(await pod('c-1').job('init')).toBe(0);
  pod('c-1').start();
  await eventually(async () => cluster().status?.currentPrimary === 'c-1', 30);
  kube.patch('clusters', 'default', 'c', {
    status: { instancesReportedState: { 'c-1': { isPrimary: true, ip: pod('c-1').address } } },
  });
  expect(await Promise.all([pod('c-2').job('join'), pod('c-3').job('join')])).toEqual([0, 0]);
  pod('c-2').start();
  pod('c-3').start();
  const { number } = await settled(2);
  expect(number).toBe(1);
  const rows = await pod('c-1').query<{ names: string }>(
    'SELECT current_setting($$synchronous_standby_names$$) AS names',
  );
  expect(rows[0]?.names).toMatch(/^ANY 1 \("c-[23]","c-[23]"\)$/);
  await pod('c-1').query('CREATE TABLE made (a int); INSERT INTO made VALUES (1)', 'app');
}, 120_000);

test('the primary is gone at once: one of the others has the promise of the third, and every commit', async () => {
  const { epoch } = record();
  await pod('c-1').query('INSERT INTO made VALUES (2)', 'app');
  const [manager, postgres] = [await pod('c-1').managerPid(), await pod('c-1').postgresPid()];
  await pod('c-1').abandon();
  killFamily(postgres);
  process.kill(manager, 'SIGKILL');
  const next = await eventually(async () => {
    const { currentPrimary } = cluster().status ?? {};
    return currentPrimary !== 'c-1' && currentPrimary;
  }, 60);
  expect(record().epoch).toBeGreaterThan(epoch);
  const rows = await eventually(() => pod(next).query<{ a: number }>('SELECT a FROM made ORDER BY a', 'app'));
  expect(rows).toEqual([{ a: 1 }, { a: 2 }]);
  // The third one acknowledges.
  await pod(next).query('INSERT INTO made VALUES (3)', 'app');
}, 120_000);

test('the old primary comes back, streams, and is counted', async () => {
  pod('c-1').start();
  const next = cluster().status?.currentPrimary ?? '';
  await eventually(async () => {
    const answer = await fetch(`http://${pod(next).address}:8010/pg/status`);
    const { replicationInfo } = (await answer.json()) as {
      replicationInfo: { applicationName: string; state: string }[];
    };
    return replicationInfo.some(({ applicationName, state }) => applicationName === 'c-1' && state === 'streaming');
  }, 60);
  const { names: members } = await settled(2);
  expect(members.map(({ instance }) => instance)).toContain('c-1');
}, 120_000);
