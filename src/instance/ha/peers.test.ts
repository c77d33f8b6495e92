// Who is asked and who answers, over real mutual TLS: an address that is another instance's by now must not speak for the old one.
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { port } from '../../naming.ts';
import { createAuthority, issueCertificate } from '../../pki/x509.ts';
import { freeLoopbackAddress } from '../../testing/loopback.ts';
import { respond } from '../http/respond.ts';
import type { HaCore } from './core/core.ts';
import { Peers } from './core/peers.ts';
import { voterRoutes } from './voter.ts';

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).reverse()) await end();
});

async function aCluster() {
  const now = new Date();
  const authority = await createAuthority('c-ca', 1, now);
  const leaf = { days: 1, now };
  const server = await issueCertificate(authority, {
    ...leaf,
    commonName: 'c-rw',
    dnsNames: ['c-rw'],
    usages: ['server'],
  });
  const client = (commonName: string) => issueCertificate(authority, { ...leaf, commonName, usages: ['client'] });
  return { authority, server, client };
}
type Cluster = Awaited<ReturnType<typeof aCluster>>;

interface Pod {
  readonly address: string;
  readonly name: string;
  readonly incarnation: string;
}

/** An instance's manager as far as it answers others. */
async function aManager({ authority, server }: Cluster, pod: Pod, clusterUid = 'uid'): Promise<void> {
  const { name: podName, incarnation, address } = pod;
  const core = {
    context: { environment: { podName, podUid: 'pod-uid' } },
    state: { current: { clusterUid, incarnation } },
  } as unknown as HaCore;
  const tls = { cert: server.certificate, key: server.key, ca: authority.certificate };
  const listening: Server = createServer(
    { ...tls, requestCert: true, rejectUnauthorized: false },
    (request, answer) => {
      void respond(
        voterRoutes(() => core),
        request,
        answer,
      );
    },
  ).listen(port.status, address);
  await once(listening, 'listening');
  cleanup.push(async () => {
    listening.closeAllConnections();
    listening.close();
    await once(listening, 'close');
  });
}

async function aPeer({ authority, client }: Cluster, commonName = 'streaming_replica'): Promise<Peers> {
  const certificates = await mkdtemp(path.join(tmpdir(), 'howdah-peers-'));
  cleanup.push(() => rm(certificates, { recursive: true }));
  const pair = await client(commonName);
  await writeFile(path.join(certificates, 'server-ca.crt'), authority.certificate);
  await writeFile(path.join(certificates, 'streaming_replica.crt'), pair.certificate);
  await writeFile(path.join(certificates, 'streaming_replica.key'), pair.key);
  const self = () => ({ instance: 'c-1', incarnation: 'one' });
  const peers = new Peers({ certificates, servername: 'c-rw', clusterUid: 'uid', podUid: 'u', address: '', self });
  cleanup.push(() => Promise.resolve(peers[Symbol.dispose]()));
  return peers;
}

const told = (peers: Peers, pod: Pod) =>
  peers.ask('pulse', { instance: pod.name, incarnation: pod.incarnation, address: pod.address }, { epoch: 1 }, 5000);

const second = async (): Promise<Pod> => ({ address: await freeLoopbackAddress(), name: 'c-2', incarnation: 'two' });

test('the instance that is meant answers', async () => {
  const [cluster, pod] = [await aCluster(), await second()];
  await aManager(cluster, pod);
  await expect(told(await aPeer(cluster), pod)).resolves.toMatchObject({ granted: true });
});

test.each<[string, Partial<Pod>, string]>([
  ['another instance of the cluster', { name: 'c-3', incarnation: 'three' }, 'uid'],
  ['the same instance with another data directory', { incarnation: 'later' }, 'uid'],
  ['an instance of a cluster that was made anew under the name', {}, 'another uid'],
])('at an address that is now the one of %s nobody answers', async (_, now, clusterUid) => {
  const [cluster, pod] = [await aCluster(), await second()];
  await aManager(cluster, { ...pod, ...now }, clusterUid);
  await expect(told(await aPeer(cluster), pod)).resolves.toBeUndefined();
});

test('an instance of a cluster with another authority does not answer, and is not told anything', async () => {
  const [cluster, pod] = [await aCluster(), await second()];
  await aManager(await aCluster(), pod);
  await expect(told(await aPeer(cluster), pod)).resolves.toBeUndefined();
});

test('who has a certificate of the cluster that is not the instances’ gets no answer', async () => {
  const [cluster, pod] = [await aCluster(), await second()];
  await aManager(cluster, pod);
  await expect(told(await aPeer(cluster, 'app'), pod)).resolves.toBeUndefined();
});
