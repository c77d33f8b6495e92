import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connect } from 'node:tls';
import type { Cluster } from '../api/generated/cluster.ts';
import { fakeKube, type FakeKube } from '../testing/fake-kube.ts';
import { processInfo } from './postmaster/process.ts';
import { eventually, putSecrets, tellLogs, testPod, type TestPod } from './testing.ts';

// One cluster of two through its life, in the order of the tests; each test leaves it healthy.
let kube: FakeKube;
let first: TestPod;
let second: TestPod;

type Status = Record<string, unknown> & { replicationInfo: { applicationName: string; state: string }[] };
const status = async (ip: string): Promise<Status> =>
  (await (await fetch(`http://${ip}:8010/pg/status`)).json()) as Status;
const cluster = (): Cluster => {
  const found = kube.get<Cluster>('clusters', 'default', 'c');
  if (!found) throw new Error('no Cluster');
  return found;
};
const patch = (change: object): void => kube.patch('clusters', 'default', 'c', change as Record<string, unknown>);
const answers = (pod: TestPod) => eventually(() => pod.query<{ one: number }>('SELECT 1 AS one', 'app'));

beforeAll(async () => {
  kube = await fakeKube();
  await putSecrets(kube, 'c');
  kube.put('clusters', {
    metadata: { name: 'c', namespace: 'default' },
    spec: {
      instances: 2,
      storage: { size: '1Gi' },
      smartShutdownTimeout: 1,
      bootstrap: {
        initdb: {
          walSegmentSize: 4,
          dataChecksums: true,
          postInitApplicationSQL: [
            'CREATE TABLE made (a int); INSERT INTO made VALUES (1)',
            'ALTER TABLE made OWNER TO app',
          ],
          postInitSQLRefs: { configMapRefs: [{ name: 'sql', key: 'a' }] },
        },
      },
    },
    status: { instanceNames: ['c-1', 'c-2'], targetPrimary: 'c-1' },
  } as object);
  kube.put('leases', { metadata: { name: 'c', namespace: 'default' } });
  kube.put('configmaps', {
    metadata: { name: 'sql', namespace: 'default' },
    data: { a: 'CREATE ROLE referred' },
  } as object);
  const common = { kube, cluster: 'c', watchdogSeconds: 4 };
  first = await testPod({ ...common, pod: 'c-1' });
  second = await testPod({ ...common, pod: 'c-2' });
});

afterAll(async () => {
  await tellLogs(first, second);
  await first[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
  await kube[Symbol.asyncDispose]();
});

test('an init that is killed leaves nothing that the next one trips over', async () => {
  for (const after of [150, 500]) {
    await first.job('init', async (child) => {
      await new Promise((resolve) => setTimeout(resolve, after));
      child.kill('SIGKILL');
    });
  }
  expect(await first.job('init')).toBe(0);
  expect(await first.job('init')).toBe(0);
  expect(await first.output()).toContain('The data directory is already there');
});

test('the primary serves, with the database and the options of its bootstrap', async () => {
  first.start();
  await answers(first);
  expect(await first.query('SELECT a FROM made', 'app')).toEqual([{ a: 1 }]);
  expect(
    await first.query("SELECT current_setting('wal_segment_size') AS s, current_setting('data_checksums') AS c", 'app'),
  ).toEqual([{ s: '4MB', c: 'on' }]);
  expect(await first.query("SELECT rolname FROM pg_roles WHERE rolname = 'referred'", 'app')).toHaveLength(1);
  await eventually(async () => cluster().status?.currentPrimary === 'c-1');
  patch({ status: { instancesReportedState: { 'c-1': { isPrimary: true, ip: first.address } } } });
});

test('a joined instance streams with certificates through its slot', async () => {
  expect(await second.job('join')).toBe(0);
  second.start();
  const found = await eventually(async () => {
    const { replicationInfo } = await status(first.address);
    return replicationInfo.find(({ state }) => state === 'streaming');
  });
  expect(found.applicationName).toBe('c-2');
  await eventually(async () => (await status(second.address))['isWalReceiverActive'] === true);
  expect(await status(second.address)).toMatchObject({ isPrimary: false, isPodReady: true });
});

test('a manager that is killed leaves sessions alone', async () => {
  const [before, server] = [await first.managerPid(), await first.postgresPid()];
  process.kill(before, 'SIGKILL');
  await eventually(
    async () => (await first.managerPid()) !== before && (await status(first.address))['isPrimary'] === true,
  );
  expect(await first.postgresPid()).toBe(server);
});

test('PostgreSQL that dies is started again, with nothing lost', async () => {
  const server = await first.postgresPid();
  await first.query('INSERT INTO made VALUES (2)', 'app');
  process.kill(server, 'SIGKILL');
  await eventually(async () => (await first.postgresPid()) !== server);
  await answers(first);
  expect(await first.query('SELECT a FROM made ORDER BY a', 'app')).toEqual([{ a: 1 }, { a: 2 }]);
});

test("a manager that is stopped ends its postgres in the watchdog's time, and both come back", async () => {
  const [manager, server] = [await first.managerPid(), await first.postgresPid()];
  process.kill(manager, 'SIGSTOP');
  await eventually(async () => processInfo(server) === undefined, 20);
  await answers(first);
});

test('parameters are loaded by all, and each reports the same hash', async () => {
  patch({ spec: { postgresql: { parameters: { work_mem: '7MB' } } } });
  await eventually(
    async () => (await first.query<{ w: string }>("SELECT current_setting('work_mem') AS w", 'app'))[0]?.w === '7MB',
  );
  await eventually(
    async () => (await second.query<{ w: string }>("SELECT current_setting('work_mem') AS w", 'app'))[0]?.w === '7MB',
  );
  await eventually(async () => {
    const [one, two] = await Promise.all([status(first.address), status(second.address)]);
    return one['loadedConfigurationHash'] === two['loadedConfigurationHash'];
  });
});

test('a new password in the Secret works within seconds and is in no log', async () => {
  kube.patch('secrets', 'default', 'c-app', { data: { password: Buffer.from('other-password').toString('base64') } });
  await eventually(async () => {
    await first.query('SELECT 1', 'app').then(
      () => false,
      () => true,
    );
    return first.query('SELECT 1', 'app', 'other-password');
  });
  expect(await first.output()).not.toContain('other-password');
  kube.patch('secrets', 'default', 'c-app', { data: { password: Buffer.from('p\'ass"w\\ord').toString('base64') } });
  await answers(first);
});

test('metrics tell of the server, as the exporter, without an error', async () => {
  const text = await (await fetch(`http://${first.address}:9187/metrics`)).text();
  const value = (name: string): string | undefined =>
    new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1];
  expect(value('cnpg_collector_up')).toBe('1');
  expect(value('cnpg_collector_last_collection_error')).toBe('0');
  expect(value('cnpg_pg_replication_streaming_replicas')).toBe('1');
  expect(text).toMatch(/^cnpg_pg_database_size_bytes\{datname="app"\} \d+$/m);
  expect(text).toMatch(/^cnpg_pg_stat_replication_replay_diff_bytes\{.*application_name="c-2".*\} \d+$/m);
  expect(text).toMatch(/^howdah_volume_free_bytes\{volume="PG_DATA"\} \d+$/m);
  expect(text).toMatch(/^cnpg_collector_pg_wal\{value="count"\} \d+$/m);
  const standby = await (await fetch(`http://${second.address}:9187/metrics`)).text();
  expect(standby).toMatch(/^cnpg_collector_last_collection_error 0$/m);
  expect(standby).toMatch(/^cnpg_pg_replication_in_recovery 1$/m);
});

test('a new server certificate is used without a restart', async () => {
  const server = await first.postgresPid();
  const serial = (port: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: first.address, port, rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().serialNumber);
        socket.destroy();
      });
      socket.on('error', reject);
    });
  const before = await serial(8000);
  await putSecrets(kube, 'c');
  await eventually(async () => (await serial(8000)) !== before);
  await answers(first);
  expect(await first.postgresPid()).toBe(server);
  await eventually(async () => (await status(first.address)).replicationInfo.length === 1);
});

test('fencing stops PostgreSQL and leaves the pod; lifting it starts again', async () => {
  patch({ metadata: { annotations: { 'cnpg.io/fencedInstances': '["c-2"]' } } });
  await eventually(async () => (await status(second.address))['mightBeUnavailable'] === true);
  expect((await status(second.address))['isPodReady']).toBe(false);
  patch({ metadata: { annotations: { 'cnpg.io/fencedInstances': '' } } });
  await eventually(async () => (await status(second.address))['isWalReceiverActive'] === true);
});

test('without the API server PostgreSQL goes on, also when its manager is killed', async () => {
  kube.down = true;
  const [manager, server] = [await first.managerPid(), await first.postgresPid()];
  process.kill(manager, 'SIGKILL');
  await eventually(async () => (await status(first.address))['isPrimary'] === true);
  expect(await first.postgresPid()).toBe(server);
  kube.down = false;
});

test('a switchover: the old primary stops, the new one is promoted, the old one follows', async () => {
  await eventually(async () => (await status(first.address)).replicationInfo.length === 1);
  patch({ status: { targetPrimary: 'c-2' } });
  await eventually(async () => cluster().status?.currentPrimary === 'c-2');
  patch({ status: { instancesReportedState: { 'c-2': { isPrimary: true, ip: second.address } } } });
  await second.query('INSERT INTO made VALUES (3)', 'app');
  await eventually(async () => (await status(first.address))['isWalReceiverActive'] === true);
  expect(
    await eventually(async () => {
      const rows = await first.query<{ a: number }>('SELECT a FROM made ORDER BY a', 'app');
      return rows.length === 3 && rows;
    }),
  ).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
});

test('SIGTERM stops in good order and leaves no process', async () => {
  const pids = [await first.managerPid(), await first.postgresPid()];
  expect(await first.stop()).toBe(0);
  expect(pids.map(processInfo)).toEqual([undefined, undefined]);
  expect(await second.stop()).toBe(0);
});

test('what does not start says why, and starts when the reason is gone', async () => {
  const version = path.join(second.dataDirectory, 'PG_VERSION');
  const text = await readFile(version, 'utf8');
  await writeFile(version, '9\n');
  second.start();
  const problem = await eventually(async () => {
    const said = String((await status(second.address))['mightBeUnavailableMaskedError']);
    return said.includes('PostgreSQL') && said;
  });
  expect(problem).toContain('the data directory is of 9');
  await writeFile(version, text);
  await answers(second);
  await second.stop();
});
