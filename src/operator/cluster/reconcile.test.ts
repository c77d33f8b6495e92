import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Job, PersistentVolumeClaim, Pod } from '../../kube/objects.ts';
import { KubeError } from '../../kube/errors.ts';
import { startApiServer } from '../../local/apiserver/testing/server.ts';
import { resource } from '../../kube/resource-types.ts';
import { createAuthority, issueCertificate } from '../../pki/x509.ts';
import { isHealthy, startPlatform, TestCluster, type TestPlatform } from '../testing/test-world.ts';
import { watched } from '../testing/watched.ts';

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startPlatform(startApiServer);
});
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
});

const reasons = (cluster: TestCluster): string[] => cluster.events.map(({ reason }) => reason);

test('a cluster of three comes up: one instance by initdb, two by joins', async () => {
  const test = await TestCluster.create(platform.api, { name: 'up' });
  const cluster = await test.until(isHealthy);
  expect(await test.names(resource.pods)).toEqual(['up-1', 'up-2', 'up-3']);
  expect(await test.names(resource.jobs)).toEqual([]);
  expect(await test.names(resource.services)).toEqual(['up-r', 'up-ro', 'up-rw']);
  expect(await test.names(resource.secrets)).toEqual(['up-app', 'up-ca', 'up-replication', 'up-server']);
  expect(await test.names(resource.podDisruptionBudgets)).toEqual(['up', 'up-primary']);
  expect(cluster.status).toMatchObject({
    instances: 3,
    readyInstances: 3,
    currentPrimary: 'up-1',
    targetPrimary: 'up-1',
    systemID: '42',
    timelineID: 1,
    writeService: 'up-rw',
    readService: 'up-r',
    instancesStatus: { healthy: ['up-1', 'up-2', 'up-3'] },
  });
  const roles = Object.fromEntries(
    (await test.list<Pod>(resource.pods)).map(({ metadata }) => [
      metadata?.name,
      metadata?.labels?.['cnpg.io/instanceRole'],
    ]),
  );
  expect(roles).toEqual({ 'up-1': 'primary', 'up-2': 'replica', 'up-3': 'replica' });
  expect(cluster.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
    status: 'True',
    reason: 'ClusterIsReady',
  });
});

test('when nothing changes, nothing is written', async () => {
  const test = await TestCluster.create(platform.api, { name: 'idle', instances: 1 });
  await test.until(isHealthy);
  const writes: string[] = [];
  await test.reconcile(watched(platform.api, (call) => writes.push(call)));
  expect(writes).toEqual([]);
});

test('a cluster that has lost its only pod says so and makes another', async () => {
  const test = await TestCluster.create(platform.api, { name: 'podless', instances: 1 });
  await test.until(isHealthy);
  await platform.api.delete(resource.pods, { namespace: 'default', name: 'podless-1' }, { gracePeriodSeconds: 0 });
  await test.reconcile();
  expect((await test.cluster()).status?.instancesStatus).toEqual({});
  expect(await test.names(resource.pods)).toEqual(['podless-1']);
});

test('an invalid specification is named in the phase, and nothing is made', async () => {
  const spec = { postgresql: { parameters: { port: '5433' } } };
  const test = await TestCluster.create(platform.api, { name: 'invalid', spec });
  await test.reconcile();
  const { status } = await test.cluster();
  expect(status?.phase).toBe('Invalid cluster definition');
  expect(status?.phaseReason).toContain('spec.postgresql.parameters');
  expect(await test.names(resource.persistentVolumeClaims)).toEqual([]);
  expect(reasons(test)).toContain('InvalidCluster');
});

test("a Secret of the user's that is missing is named, and the cluster goes on when it is there", async () => {
  const spec = { superuserSecret: { name: 'given' }, enableSuperuserAccess: true };
  const test = await TestCluster.create(platform.api, { name: 'secretless', instances: 1, spec });
  await test.reconcile();
  const { status } = await test.cluster();
  expect(status?.phase).toBe('Unable to create required cluster objects');
  expect(status?.phaseReason).toContain('spec.superuserSecret.name: there is no Secret "given"');
  await platform.api.create(resource.secrets, {
    metadata: { name: 'given', namespace: 'default' },
    data: { username: 'cG9zdGdyZXM=', password: 'eA==' },
  });
  await test.until(isHealthy);
});

test("certificates of the user's that end soon are said, once, until they are renewed", async () => {
  const put = async (days: number): Promise<void> => {
    const authority = await createAuthority('company', days, new Date());
    const server = await issueCertificate(authority, {
      ...{ commonName: 'ending-rw', dnsNames: ['ending-rw'], usages: ['server'], days, now: new Date() },
    });
    const contents = {
      'company-ca': { 'ca.crt': authority.certificate },
      'company-server': { 'tls.crt': server.certificate, 'tls.key': server.key },
    };
    for (const [name, stringData] of Object.entries(contents)) {
      await platform.api.delete(resource.secrets, { namespace: 'default', name });
      await platform.api.create(resource.secrets, { metadata: { name, namespace: 'default' }, stringData });
    }
  };
  await put(5);
  const spec = { certificates: { serverCASecret: 'company-ca', serverTLSSecret: 'company-server' } };
  const test = await TestCluster.create(platform.api, { name: 'ending', instances: 1, spec });
  const { status } = await test.until(isHealthy);
  expect(status?.conditions).toContainEqual(
    expect.objectContaining({
      type: 'howdah.dev/Certificates',
      status: 'False',
      reason: 'SecretIsExpiring',
      message: expect.stringMatching(/: Secret "company-ca" until .*; Secret "company-server" until /),
    }),
  );
  expect(reasons(test).filter((reason) => reason === 'SecretIsExpiring')).toHaveLength(1);
  await put(90);
  await test.reconcile();
  expect((await test.cluster()).status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'howdah.dev/Certificates', status: 'True', reason: 'CertificatesAreValid' }),
  );
});

test('a bootstrap that failed for good is unrecoverable with its reason, and tried again with another specification', async () => {
  const test = await TestCluster.create(platform.api, { name: 'broken', instances: 1 });
  test.failing.set('broken-1-initdb', 'initdb: error: no such locale');
  const failed = await test.until(({ status }) => status?.phase?.startsWith('Cluster is unrecoverable') ?? false);
  expect(failed.status?.phaseReason).toBe('Job broken-1-initdb failed: initdb: error: no such locale');
  expect(failed.status?.conditions?.find(({ type }) => type === 'Initialized')?.status).toBe('False');
  test.failing.clear();
  await test.patchSpec({ description: 'now with a locale' });
  await test.until(isHealthy);
});

/** The pod of a Job, with a place on a node or without. */
async function placedJob(job: string, nodeName?: string): Promise<void> {
  const found = await platform.api.get<Job>(resource.jobs, { namespace: 'default', name: job });
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name: job, uid: found?.metadata?.uid ?? '', controller: true };
  await platform.api.create<Pod>(resource.pods, {
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: {
      ...{ name: `${job}-x`, namespace: 'default', labels: found?.metadata?.labels ?? {}, ownerReferences: [owner] },
    },
    spec: { containers: [{ name: 'x', image: 'x' }], ...(nodeName === undefined ? {} : { nodeName }) },
  });
}

test('the first pod starts beside its Job, and what it says of its database stands for the Job', async () => {
  const test = await TestCluster.create(platform.api, { name: 'beside', instances: 1 });
  const first = { namespace: 'default', name: 'beside-1' };
  await test.reconcile();
  await placedJob('beside-1-initdb', 'node');
  await test.reconcile();
  expect((await platform.api.get<Pod>(resource.pods, first))?.metadata?.annotations).toMatchObject({
    'howdah.dev/starts-beside': 'initdb',
  });
  await platform.api.patchStatus(resource.pods, first, {
    status: {
      ...{ phase: 'Running', podIP: '10.0.0.1' },
      containerStatuses: [
        ...[{ name: 'postgres', image: 'x', imageID: 'x', restartCount: 0, ready: false, state: { running: {} } }],
      ],
    },
  });
  await platform.api.patchStatus(resource.clusters, test.key, { status: { currentPrimary: 'beside-1' } });
  // It leads, and neither it nor its Job could say anything yet.
  await test.reconcile();
  expect((await test.cluster()).status?.phase).not.toContain('unrecoverable');
  await platform.api.delete(resource.jobs, { namespace: 'default', name: 'beside-1-initdb' });
  test.statuses.set('10.0.0.1', { isPrimary: true, systemID: '42', timeLineID: 1 });
  await test.reconcile();
  const [claim] = await test.claims();
  expect(claim?.metadata?.annotations?.['cnpg.io/pvcStatus']).toBe('ready');
  await test.until(isHealthy);
  expect((await test.list<Pod>(resource.pods)).filter(({ metadata }) => metadata?.name === 'beside-1')).toHaveLength(1);
});

test('the pod beside a Job goes when the Job fails', async () => {
  const test = await TestCluster.create(platform.api, { name: 'alone', instances: 1 });
  await test.reconcile();
  await placedJob('alone-1-initdb', 'node');
  await test.reconcile();
  expect(await test.names(resource.pods)).toEqual(['alone-1', 'alone-1-initdb-x']);
  const { now } = test;
  await platform.api.patchStatus(
    resource.jobs,
    { namespace: 'default', name: 'alone-1-initdb' },
    { status: { conditions: [{ type: 'Failed', status: 'True', lastTransitionTime: now.toISOString() }], failed: 7 } },
  );
  await test.reconcile();
  const [pod] = (await test.list<Pod>(resource.pods)).filter(({ metadata }) => metadata?.name === 'alone-1');
  expect(pod === undefined || pod.metadata?.deletionTimestamp !== undefined).toBe(true);
  expect((await test.cluster()).status?.phase).toContain('unrecoverable');
});

test('a join that fails leaves the cluster usable and is made anew after a while', async () => {
  const test = await TestCluster.create(platform.api, { name: 'lame', instances: 2 });
  test.failing.set('lame-2-join', 'no route to the primary');
  const failed = await test.until(({ status }) => status?.phaseReason?.includes('no route') ?? false);
  expect(failed.status).toMatchObject({ phase: 'Creating a new replica', readyInstances: 1, currentPrimary: 'lame-1' });
  expect(reasons(test)).toContain('JoinFailed');
  test.failing.clear();
  test.now = new Date(test.now.getTime() + 120_000);
  await test.until(isHealthy);
  await test.until(async () => (await test.claims()).length === 2);
  expect(await test.names(resource.pods)).toHaveLength(2);
});

test('volumes grow while a replica is stuck', async () => {
  const test = await TestCluster.create(platform.api, { name: 'grow', instances: 2 });
  test.stuck.add('grow-2');
  await test.until(async () => (await test.names(resource.pods)).includes('grow-2'));
  await test.patchSpec({ storage: { size: '2Gi' } });
  await test.reconcile();
  const sizes = (await test.claims()).map(({ spec }) => spec?.resources?.requests?.['storage']);
  expect(sizes).toEqual(['2Gi', '2Gi']);
});

test('scaling down takes the youngest replica with its volume, never the primary', async () => {
  const test = await TestCluster.create(platform.api, { name: 'shrink' });
  await test.until(isHealthy);
  await test.patchSpec({ instances: 1 });
  await test.until(async (cluster) => isHealthy(cluster) && (await test.claims()).length === 1);
  expect(await test.names(resource.pods)).toEqual(['shrink-1']);
  await test.patchSpec({ instances: 2 });
  await test.until(isHealthy);
  expect(await test.names(resource.pods)).toEqual(['shrink-1', 'shrink-2']);
});

test('a deleted pod comes back on its volume', async () => {
  const test = await TestCluster.create(platform.api, { name: 'deleted', instances: 1 });
  await test.until(isHealthy);
  const [claim] = await test.claims();
  await platform.api.delete(resource.pods, { namespace: 'default', name: 'deleted-1' }, { gracePeriodSeconds: 0 });
  await test.until(isHealthy);
  expect((await test.claims()).map(({ metadata }) => metadata?.uid)).toEqual([claim?.metadata?.uid]);
});

test('a cluster whose last volume is gone is unrecoverable, not empty', async () => {
  const test = await TestCluster.create(platform.api, { name: 'lost', instances: 1 });
  await test.until(isHealthy);
  await platform.api.delete(resource.pods, { namespace: 'default', name: 'lost-1' }, { gracePeriodSeconds: 0 });
  await platform.api.patch<PersistentVolumeClaim>(
    resource.persistentVolumeClaims,
    { namespace: 'default', name: 'lost-1' },
    { metadata: { finalizers: null } },
  );
  await platform.api.delete(resource.persistentVolumeClaims, { namespace: 'default', name: 'lost-1' });
  await test.reconcile();
  expect((await test.cluster()).status?.phase).toBe('Cluster is unrecoverable and needs manual intervention');
  expect(await test.names(resource.jobs)).toEqual([]);
  expect(await test.names(resource.persistentVolumeClaims)).toEqual([]);
});

test('a changed pod specification rolls the replicas first, then the primary', async () => {
  const test = await TestCluster.create(platform.api, { name: 'roll' });
  await test.until(isHealthy);
  const before = await uids(test);
  await test.patchSpec({ resources: { requests: { cpu: '50m' } } });
  const order: string[] = [];
  await test.until(async (cluster) => {
    for (const [name, uid] of Object.entries(await uids(test))) {
      if (uid !== before[name] && !order.includes(name)) order.push(name);
    }
    return isHealthy(cluster) && order.length === 3;
  });
  expect(order).toEqual(['roll-3', 'roll-2', 'roll-1']);
});

test('conditions of the instances stay when the operator writes status', async () => {
  const test = await TestCluster.create(platform.api, { name: 'shared', instances: 1 });
  await test.until(isHealthy);
  const { status } = await test.cluster();
  const at = '2026-01-01T00:00:00Z';
  const archiving = {
    type: 'ContinuousArchiving',
    status: 'True',
    reason: 'ContinuousArchivingSuccess',
    message: 'ok',
    lastTransitionTime: at,
  };
  await platform.api.patchStatus(resource.clusters, test.key, {
    status: { conditions: [...(status?.conditions ?? []), archiving], lastSuccessfulBackup: at },
  });
  await test.patchSpec({ instances: 2 });
  const cluster = await test.until(isHealthy);
  expect(cluster.status?.conditions).toContainEqual(archiving);
  expect(cluster.status?.lastSuccessfulBackup).toBe(at);
});

test('in a namespace that is being deleted nothing is said and nothing fails', async () => {
  const test = await TestCluster.create(platform.api, { name: 'evicted', instances: 1 });
  await test.until(isHealthy);
  await platform.api.delete(resource.pods, { namespace: 'default', name: 'evicted-1' }, { gracePeriodSeconds: 0 });
  const before = test.events.length;
  const body = { reason: 'Forbidden', details: { causes: [{ reason: 'NamespaceTerminating' }] } };
  const ending = watched(platform.api, (call) => {
    if (call.startsWith('create')) throw new KubeError(403, body, call);
  });
  await test.reconcile(ending);
  expect(test.events.slice(before)).toEqual([]);
  expect((await test.cluster()).status?.phase).toBe('Cluster in healthy state');
});

test('an operator that dies after any write goes on to the same end', async () => {
  const reference = await TestCluster.create(platform.api, { name: 'whole', instances: 2 });
  let count = 0;
  for (let turn = 0; turn < 20 && !isHealthy(await reference.cluster()); turn++) {
    await reference.reconcile(watched(platform.api, () => count++));
    await reference.moment();
  }
  const expected = await reference.shape();
  expect(count).toBeGreaterThan(20);
  for (let death = 1; death <= count; death += 2) {
    const test = await TestCluster.create(platform.api, { name: `d${death}`, instances: 2 });
    let calls = 0;
    const dying = watched(
      platform.api,
      () => {
        calls++;
        // By turns: the write is done but nobody hears of it; it is not done.
        if (calls >= death) throw new Error('the operator died');
      },
      death % 4 === 1,
    );
    for (let turn = 0; turn < 20 && calls < death; turn++) {
      await test.reconcile(dying).catch(() => undefined);
      await test.moment();
    }
    await test.until(isHealthy);
    expect({ death, shape: await test.shape() }).toEqual({ death, shape: expected });
    await platform.api.delete(resource.clusters, test.key);
  }
}, 240_000);

const uids = async (test: TestCluster): Promise<Record<string, string | undefined>> =>
  Object.fromEntries((await test.list<Pod>(resource.pods)).map(({ metadata }) => [metadata?.name, metadata?.uid]));

test('an operator that dies between two claims of a filled instance marks them all the same', async () => {
  const spec = { walStorage: { size: '1Gi' } };
  const test = await TestCluster.create(platform.api, { name: 'marked', instances: 1, spec });
  let left = 1;
  const mortal = watched(
    platform.api,
    (call) => {
      if (!/^patch .*persistentvolumeclaims.*pvcStatus/.test(call)) return;
      left -= 1;
      if (left === 0) throw new Error('the operator has died');
    },
    true,
  );
  for (let turn = 0; turn < 40 && left > 0; turn += 1) {
    await test.reconcile(mortal).catch(() => undefined);
    await test.moment();
  }
  expect(left).toBe(0);
  await test.until(isHealthy);
  const marks = (await test.claims()).map(({ metadata }) => metadata?.annotations?.['cnpg.io/pvcStatus']);
  expect(marks).toEqual(['ready', 'ready']);
});

test('a volume that will be full soon is said in time, once for each step, and keeps nothing from being enlarged', async () => {
  const test = await TestCluster.create(platform.api, { name: 'filling', instances: 2 });
  await test.until(isHealthy);
  const space = async () =>
    (await test.cluster()).status?.conditions?.find(({ type }) => type === 'howdah.dev/DiskSpace');
  expect(await space()).toMatchObject({ status: 'True', reason: 'Sufficient' });
  const told = () => test.events.filter(({ reason }) => reason === 'VolumeFilling').map(({ message }) => message);
  const fills = async (secondsUntilFull: number): Promise<void> => {
    const at = { size: 100, free: 40, rate: 1, secondsUntilFull, rule: 'fills-soon', low: true };
    test.volumes.set('filling-2', [{ ...at, volume: 'PG_WAL' }]);
    await test.moment();
    await test.reconcile();
  };
  for (const seconds of [3500, 3400, 1700]) await fills(seconds);
  expect(told()).toEqual([
    'PG_WAL of filling-2: at the rate of the last minutes it is full in less than an hour; enlarge spec.walStorage.size',
    'PG_WAL of filling-2: at the rate of the last minutes it is full in less than 30 minutes; enlarge spec.walStorage.size',
  ]);
  expect(await space()).toMatchObject({ status: 'False', reason: 'FillsSoon', message: told()[1] });
  expect((await test.cluster()).status?.phase).toBe('Cluster in healthy state');

  await test.patchSpec({ storage: { size: '7Gi' } });
  await test.reconcile();
  const sizes = (await test.claims()).map(({ spec }) => spec?.resources?.requests?.['storage']);
  expect(sizes).toEqual(['7Gi', '7Gi']);
  test.volumes.set('filling-2', [{ volume: 'PG_WAL', size: 200, free: 140, rule: 'enough', low: false }]);
  await test.moment();
  await test.reconcile();
  expect(await space()).toMatchObject({ status: 'True' });
});
