// A cluster whose certificates somebody else issues: both authorities and both leaves come from the user.
import { connect as openTls } from 'node:tls';
import { Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Secret } from '../src/kube/objects.ts';
import { resource } from '../src/kube/resource-types.ts';
import { readWriteService } from '../src/naming.ts';
import { type KeyPair, createAuthority, issueCertificate } from '../src/pki/x509.ts';
import { createCluster, isHealthy, waitForCluster } from './support/cluster.ts';
import { openNamespace, openShared } from './support/shared.ts';
import { connect, connectionConfig } from './support/sql.ts';
import { waitFor } from './support/wait.ts';

const platform = openShared();
const { api } = platform;
let namespace: Awaited<ReturnType<typeof openNamespace>>;
let authority: KeyPair;

const now = (): Date => new Date();
const server = (dnsNames: readonly string[]): Promise<KeyPair> =>
  issueCertificate(authority, { commonName: 'pg-rw', dnsNames, usages: ['server'], days: 5, now: now() });
const replication = (commonName: string): Promise<KeyPair> =>
  issueCertificate(authority, { commonName, usages: ['client'], days: 5, now: now() });
const dnsNames = ['pg-rw', 'pg-r', 'pg-ro'];

const put = (name: string, data: Record<string, string>): Promise<unknown> =>
  api.apply<Secret>(
    resource.secrets,
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: namespace.name, labels: { 'cnpg.io/reload': 'true' } },
      stringData: data,
    },
    { fieldManager: 'e2e', force: true },
  );
const putPair = (name: string, pair: KeyPair): Promise<unknown> =>
  put(name, { 'tls.crt': pair.certificate, 'tls.key': pair.key });

beforeAll(async () => {
  namespace = await openNamespace(platform, 'certificates');
  authority = await createAuthority('the company', 10, now());
  await put('company-ca', { 'ca.crt': authority.certificate });
  await putPair('company-server', await server(dnsNames));
  await putPair('company-replication', await replication('streaming_replica'));
  await createCluster(platform, namespace.name, 'pg', {
    instances: 2,
    certificates: {
      serverCASecret: 'company-ca',
      serverTLSSecret: 'company-server',
      clientCASecret: 'company-ca',
      replicationTLSSecret: 'company-replication',
    },
  });
  await waitForCluster(api, namespace.name, 'pg', isHealthy, 'two ready instances');
});

afterAll(async () => {
  await namespace?.[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

const target = () => ({ namespace: namespace.name, cluster: 'pg', to: 'rw' as const });
/** Serial number of the certificate that PostgreSQL shows. */
async function serial(): Promise<string> {
  const { host, port } = await connectionConfig(api, target());
  const socket = new Socket();
  socket.connect(port ?? 5432, host ?? '');
  try {
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    // SSLRequest of PostgreSQL's protocol: length 8, code 80877103.
    socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]));
    await new Promise((resolve) => socket.once('data', resolve));
    const secure = openTls({ socket, ca: authority.certificate, servername: readWriteService('pg') });
    await new Promise((resolve, reject) => secure.once('secureConnect', resolve).once('error', reject));
    return secure.getPeerCertificate().serialNumber;
  } finally {
    socket.destroy();
  }
}

test('clients verify the servers by the authority of the company, and the standby streams', async () => {
  await using session = await connect(api, target());
  await session.query('create table kept as select generate_series(1, 100) as id');
  await waitFor('the rows on the standby', async () => {
    await using standby = await connect(api, { ...target(), to: 'ro' });
    const { rows } = await standby.query<{ n: string }>('select count(*) as n from kept');
    return rows[0]?.n === '100' ? true : undefined;
  });
});

test('a renewed certificate is shown to new sessions without a restart', async () => {
  await using session = await connect(api, target());
  const started = async () => (await session.query('select pg_postmaster_start_time()::text as at')).rows;
  const before = { serial: await serial(), started: await started() };
  await putPair('company-server', await server(dnsNames));
  await waitFor('the new certificate', async () => ((await serial()) === before.serial ? undefined : true));
  expect(await started()).toEqual(before.started);
});

test('a key that does not belong to its certificate is named, and the old one stays in use', async () => {
  const before = await serial();
  const [one, other] = await Promise.all([server(dnsNames), server(dnsNames)]);
  await putPair('company-server', { certificate: one.certificate, key: other.key });
  const cluster = await waitForCluster(
    api,
    namespace.name,
    'pg',
    (it) =>
      JSON.stringify(it.status ?? {}).includes('company-server') && it.status?.phase !== 'Cluster in healthy state',
    'a report about company-server',
  );
  expect(JSON.stringify([cluster.status?.phaseReason, cluster.status?.conditions])).toContain('company-server');
  expect(await serial()).toBe(before);
  await putPair('company-server', one);
  await waitForCluster(api, namespace.name, 'pg', isHealthy, 'health with the right key');
  await waitFor('the repaired certificate', async () => ((await serial()) === before ? undefined : true));
});
