import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import type { KubeApi } from '../../kube/port.ts';
import type { ResourceType } from '../../kube/types.ts';
import { instancePaths } from '../../paths.ts';
import { type KeyPair, createAuthority, issueCertificate } from '../../pki/x509.ts';
import { freeLoopbackAddress } from '../../testing/loopback.ts';
import { type TemporaryPostgres, temporaryPostgres } from '../../testing/postgres.ts';
import { silent } from '../recovery/testing.ts';
import { type JoinCluster, runJoin } from './join.ts';

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

interface Pki {
  readonly authority: KeyPair;
  readonly server: KeyPair;
  readonly client: KeyPair;
}

async function aPki(serverName = 'c-rw'): Promise<Pki> {
  const authority = await createAuthority('ca', 1, new Date());
  const leaf = { days: 1, now: new Date() };
  return {
    authority,
    server: await issueCertificate(authority, {
      ...leaf,
      commonName: serverName,
      dnsNames: [serverName],
      usages: ['server'],
    }),
    client: await issueCertificate(authority, { ...leaf, commonName: 'streaming_replica', usages: ['client'] }),
  };
}

/** A primary as a cluster has it: TLS, replicas by certificate, on an address of its own. */
async function aPrimary(pki: Pki, address: string): Promise<TemporaryPostgres> {
  const hba = [
    'local all all trust',
    'local replication all trust',
    'hostssl postgres,replication streaming_replica all cert',
  ];
  const server = await temporaryPostgres({
    major: 18,
    hba,
    settings: { listen_addresses: address, wal_level: 'replica' },
  });
  const place = (name: string): string => path.join(server.directory, name);
  await writeFile(place('server.crt'), pki.server.certificate);
  await writeFile(place('server.key'), pki.server.key, { mode: 0o600 });
  await writeFile(place('ca.crt'), pki.authority.certificate);
  const { user } = server.installation;
  if (user) spawnSync('chown', ['-R', `${user.uid}:${user.gid}`, server.directory]);
  await server.query(`ALTER SYSTEM SET ssl_cert_file = '${place('server.crt')}'`);
  await server.query(`ALTER SYSTEM SET ssl_key_file = '${place('server.key')}'`);
  await server.query(`ALTER SYSTEM SET ssl_ca_file = '${place('ca.crt')}'`);
  await server.query('ALTER SYSTEM SET ssl = on');
  await server.query('SELECT pg_reload_conf()');
  await server.query('CREATE ROLE streaming_replica LOGIN REPLICATION');
  return server;
}

function aKube(pki: Pki, cluster: JoinCluster | undefined): KubeApi {
  const encode = (values: Record<string, string>): object => ({
    data: Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
    ),
  });
  const secrets: Record<string, object> = {
    'c-server': encode({ 'ca.crt': pki.authority.certificate }),
    'c-replication': encode({ 'tls.crt': pki.client.certificate, 'tls.key': pki.client.key }),
  };
  const get = (type: ResourceType, { name }: { name: string }) =>
    Promise.resolve(type.plural === 'clusters' ? cluster : secrets[name]);
  return { get } as unknown as KubeApi;
}

async function aJoin(kube: KubeApi) {
  const root = await mkdtemp(path.join(os.tmpdir(), 'hwj-'));
  directories.push(root);
  const paths = instancePaths(root);
  await mkdir(path.dirname(paths.data), { recursive: true });
  await mkdir(path.dirname(paths.wal), { recursive: true });
  const run = () =>
    runJoin({
      ...{ kube, paths, namespace: 'n', clusterName: 'c', instanceName: 'c-2' },
      log: silent,
      signal: AbortSignal.timeout(30_000),
    });
  return { paths, run };
}

const clusterAt = (ip: string): JoinCluster => ({
  spec: { walStorage: { size: '1Gi' } },
  status: { currentPrimary: 'c-1', instancesReportedState: { 'c-1': { ip } } },
});

test('an instance joins by the address of the primary, its WAL kept by a slot, its tablespaces on their volumes', async () => {
  const pki = await aPki();
  const address = await freeLoopbackAddress();
  await using primary = await aPrimary(pki, address);
  const location = `${primary.directory}/var/lib/postgresql/tablespaces/fast/data`;
  await mkdir(location, { recursive: true });
  const { user } = primary.installation;
  if (user) spawnSync('chown', ['-R', `${user.uid}:${user.gid}`, primary.directory]);
  await primary.query(`CREATE TABLESPACE fast LOCATION '${location}'`);
  await primary.query('CREATE TABLE t TABLESPACE fast AS SELECT generate_series(1, 1000) AS i');
  // A slot without reserved WAL, as one that was made ahead has it.
  await primary.query("SELECT pg_create_physical_replication_slot('_cnpg_c_2')");
  const { paths, run } = await aJoin(aKube(pki, clusterAt(address)));
  await mkdir(`${paths.tablespaces}/fast`, { recursive: true });
  await run();
  const [slot] = await primary.query(
    "SELECT restart_lsn IS NOT NULL AS kept FROM pg_replication_slots WHERE slot_name = '_cnpg_c_2'",
  );
  expect(slot).toEqual({ kept: true });
  expect(await readdir(paths.data)).toEqual(
    expect.arrayContaining(['standby.signal', 'tablespace_map', 'backup_label']),
  );
  expect(await readlink(`${paths.data}/pg_wal`)).toBe(paths.wal);
  const local = `${paths.tablespaces}/fast/data`;
  expect(await readFile(`${paths.data}/tablespace_map`, 'utf8')).toMatch(new RegExp(`^\\d+ ${local}\n$`));
  expect((await readdir(local)).length).toBe(1);
  if (user) spawnSync('chown', ['-R', `${user.uid}:${user.gid}`, paths.root]);
  await using standby = await temporaryPostgres({
    major: 18,
    dataDirectory: paths.data,
    settings: { primary_conninfo: `host=${primary.socketDirectory} user=postgres`, primary_slot_name: '_cnpg_c_2' },
  });
  expect(await standby.query('SELECT count(*)::int AS n FROM t')).toEqual([{ n: 1000 }]);
});

test('an instance waits for a primary that still starts', async () => {
  const pki = await aPki();
  const address = await freeLoopbackAddress();
  await using primary = await aPrimary(pki, address);
  await primary.stop();
  const { paths, run } = await aJoin(aKube(pki, clusterAt(address)));
  const joined = run();
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(await readdir(path.dirname(paths.data))).toEqual([]);
  await primary.start();
  await joined;
  expect(await readdir(paths.data)).toContain('standby.signal');
});

test('an instance waits for a primary that serves and is not published yet', async () => {
  const pki = await aPki();
  const address = await freeLoopbackAddress();
  await using _ = await aPrimary(pki, address);
  const published = clusterAt(address);
  const shown: JoinCluster = { ...published, status: {} };
  const { paths, run } = await aJoin(aKube(pki, shown));
  const joined = run();
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await readdir(path.dirname(paths.data))).toEqual([]);
  Object.assign(shown, published);
  await joined;
  expect(await readdir(paths.data)).toContain('standby.signal');
});

test('a server with another name or of another authority is not cloned', async () => {
  const address = await freeLoopbackAddress();
  const impostor = await aPki('other-rw');
  await using server = await aPrimary(impostor, address);
  const { run, paths } = await aJoin(aKube(impostor, clusterAt(address)));
  await expect(run()).rejects.toThrow(/c-rw/);
  const stranger = await aJoin(aKube(await aPki(), clusterAt(address)));
  await expect(stranger.run()).rejects.toThrow(/certificate/);
  expect(await readdir(path.dirname(paths.data))).toEqual([]);
  expect(await server.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test.each<[string, JoinCluster | undefined, string]>([
  ['there is no Cluster', undefined, 'Cluster "c" does not exist'],
  ['it is the primary', { status: { currentPrimary: 'c-2' } }, 'cannot be cloned from itself'],
])('an instance does not join when %s', async (_, cluster, message) => {
  const { run } = await aJoin(aKube(await aPki(), cluster));
  await expect(run()).rejects.toThrow(message);
});
