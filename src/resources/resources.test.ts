import { expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { claimsOf, instanceClaim } from './claim.ts';
import { disruptionBudgets } from './disruption-budgets.ts';
import { imageMajor, imageTag } from './image.ts';
import { bootstrapRole, instanceJob } from './job.ts';
import type { PodSpec } from '../kube/objects.ts';
import type { BuildSettings, Cluster } from './model.ts';
import { instancePod, patchedPod, recordedPodSpec } from './pod.ts';
import { instanceRights, instanceServiceAccount } from './rbac.ts';
import { readableConfigMaps, readableSecrets } from './secret-names.ts';
import { credentialsSecret, secretText, serverNames } from './secrets.ts';
import { clusterServices } from './services.ts';

const settings: BuildSettings = {
  operatorImage: 'howdah:1',
  operatorVersion: '1.2.3',
  postgresImage: 'postgresql:18.1',
  clusterDomain: 'cluster.local',
  standbyTcpUserTimeoutMs: 5000,
  inheritedLabels: ['team', 'env-*'],
  inheritedAnnotations: [],
};

const aCluster = (spec: Partial<Cluster['spec']> = {}, metadata: Partial<Cluster['metadata']> = {}): Cluster => ({
  metadata: { name: 'pg', namespace: 'db', uid: 'u-1', ...metadata },
  spec: { instances: 3, storage: { size: '1Gi' }, ...spec },
});

const golden = async (name: string): Promise<unknown> =>
  parse(await readFile(path.join(import.meta.dirname, 'testdata', name), 'utf8'));
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test('the pod of an instance is what testdata/instance-pod.yaml says', async () => {
  const pod = instancePod(aCluster({ walStorage: { size: '2Gi' } }), settings, 2);
  expect(recordedPodSpec(pod)).toEqual(plain(pod.spec));
  delete pod.metadata?.annotations?.['cnpg.io/podSpec'];
  expect(plain(pod)).toEqual(await golden('instance-pod.yaml'));
});

test('the Job of an instance is what testdata/join-job.yaml says', async () => {
  expect(plain(instanceJob(aCluster(), settings, 2, 'join'))).toEqual(await golden('join-job.yaml'));
});

test('pods meet the restricted Pod Security Standard, Jobs too', () => {
  const specs = [
    instancePod(aCluster(), settings, 1).spec,
    instanceJob(aCluster(), settings, 1, 'initdb').spec?.template.spec,
  ];
  for (const spec of specs) {
    expect(spec?.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect([spec?.hostNetwork, spec?.hostPID, spec?.hostIPC]).toEqual([undefined, undefined, undefined]);
    for (const container of [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]) {
      expect(container.securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      });
      expect(container.ports?.some(({ hostPort }) => hostPort !== undefined) ?? false).toBe(false);
    }
    const kinds = (spec?.volumes ?? []).flatMap(({ name: _name, ...source }) => Object.keys(source));
    expect(kinds.filter((kind) => !['emptyDir', 'persistentVolumeClaim', 'projected'].includes(kind))).toEqual([]);
  }
});

test('a patch of the user is applied to the pod, one that does not fit is named', () => {
  const patch = JSON.stringify([{ op: 'add', path: '/spec/priority', value: 7 }]);
  const annotations = { 'cnpg.io/podPatch': patch };
  expect(instancePod(aCluster({}, { annotations }), settings, 1).spec?.priority).toBe(7);
  expect(() => patchedPod({}, 'no json')).toThrow('metadata.annotations[cnpg.io/podPatch]: not JSON');
  expect(() => patchedPod({}, '[{"op":"remove","path":"/nothing"}]')).toThrow('does not apply');
});

test.each([
  [
    { startDelay: 90, probes: { startup: { periodSeconds: 20 } } },
    'startupProbe',
    { periodSeconds: 20, failureThreshold: 5 },
  ],
  [{ livenessProbeTimeout: 45 }, 'livenessProbe', { periodSeconds: 10, failureThreshold: 5 }],
  [{ probes: { readiness: { failureThreshold: 9 } } }, 'readinessProbe', { periodSeconds: 10, failureThreshold: 9 }],
] as const)('%j makes the %s %j', (spec, probe, expected) => {
  expect(instancePod(aCluster(spec), settings, 1).spec?.containers[0]?.[probe]).toMatchObject(expected);
});

test('anti-affinity is a preference, a rule, or off', () => {
  const affinity = (spec: Partial<Cluster['spec']>) => instancePod(aCluster(spec), settings, 1).spec?.affinity;
  expect(affinity({})?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution).toHaveLength(1);
  const required = affinity({ affinity: { podAntiAffinityType: 'required', topologyKey: 'zone' } });
  expect(required?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.[0]?.topologyKey).toBe('zone');
  expect(affinity({ affinity: { enablePodAntiAffinity: false } })).toBeUndefined();
});

test('a Job never keeps the instance that it makes away, which starts beside it, only the others', () => {
  const term = { labelSelector: { matchLabels: { app: 'x' } }, topologyKey: 'zone' };
  const nobody = { topologyKey: 'zone' };
  const affinity = {
    podAntiAffinityType: 'required' as const,
    additionalPodAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term, nobody] },
  };
  const cluster = aCluster({ affinity });
  const required = ({ spec }: { spec?: PodSpec | undefined }) =>
    spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.map(
      ({ labelSelector }) => labelSelector,
    );
  const notOwn = { key: 'cnpg.io/instanceName', operator: 'NotIn', values: ['pg-2'] };
  const ofCluster = { key: 'cnpg.io/cluster', operator: 'In', values: ['pg'] };
  const instances = { key: 'cnpg.io/podRole', operator: 'In', values: ['instance'] };
  expect(required(instanceJob(cluster, settings, 2, 'join').spec?.template ?? {})).toEqual([
    { matchExpressions: [ofCluster, instances, notOwn] },
    { matchExpressions: [ofCluster, { key: 'cnpg.io/jobRole', operator: 'Exists' }, notOwn] },
    { matchLabels: { app: 'x' }, matchExpressions: [notOwn] },
    undefined,
  ]);
  expect(required(instancePod(cluster, settings, 2))).toEqual([
    { matchExpressions: [ofCluster, instances] },
    { matchLabels: { app: 'x' } },
    undefined,
  ]);
});

test('claims: one for data, one for WAL when asked, templates merged', () => {
  const cluster = aCluster({
    storage: { pvcTemplate: { accessModes: ['ReadWriteOncePod'], resources: { requests: { storage: '5Gi' } } } },
    walStorage: { size: '2Gi', storageClass: 'fast' },
  });
  const claims = claimsOf(cluster, 'pg-1').map((role) => instanceClaim(cluster, settings, 1, role));
  expect(
    claims.map(({ metadata, spec }) => [
      metadata?.name,
      spec?.accessModes,
      spec?.resources?.requests,
      spec?.storageClassName,
    ]),
  ).toEqual([
    ['pg-1', ['ReadWriteOncePod'], { storage: '5Gi' }, undefined],
    ['pg-1-wal', ['ReadWriteOnce'], { storage: '2Gi' }, 'fast'],
  ]);
  expect(claims[0]?.metadata?.annotations).toMatchObject({
    'cnpg.io/nodeSerial': '1',
    'cnpg.io/pvcStatus': 'initializing',
  });
});

test('labels of the user are inherited, ours win', () => {
  const labels = { team: 'a', 'env-x': 'b', other: 'c' };
  const inheritedMetadata = { labels: { tier: 'gold', 'cnpg.io/cluster': 'evil' } };
  const pod = instancePod(aCluster({ inheritedMetadata }, { labels }), settings, 1);
  expect(pod.metadata?.labels).toMatchObject({ team: 'a', 'env-x': 'b', tier: 'gold', 'cnpg.io/cluster': 'pg' });
  expect(pod.metadata?.labels).not.toHaveProperty('other');
});

test('services follow roles; r and ro can be switched off', () => {
  const shape = (cluster: Cluster) =>
    clusterServices(cluster, settings).map(({ metadata, spec }) => [metadata?.name, spec?.selector]);
  expect(shape(aCluster())).toEqual([
    ['pg-rw', { 'cnpg.io/cluster': 'pg', 'cnpg.io/instanceRole': 'primary' }],
    ['pg-r', { 'cnpg.io/cluster': 'pg', 'cnpg.io/podRole': 'instance' }],
    ['pg-ro', { 'cnpg.io/cluster': 'pg', 'cnpg.io/instanceRole': 'replica' }],
  ]);
  // Who is primary is said by its label; whether a replica can be read, by its probe.
  expect(clusterServices(aCluster(), settings).map(({ spec }) => spec?.publishNotReadyAddresses ?? false)).toEqual([
    true,
    false,
    false,
  ]);
  const disabled = aCluster({ managed: { services: { disabledDefaultServices: ['r', 'ro'] } } });
  expect(shape(disabled).map(([name]) => name)).toEqual(['pg-rw']);
});

test.each<[number, boolean | undefined, string[], string[]]>([
  [1, undefined, ['pg-primary'], ['pg']],
  [2, undefined, ['pg-primary'], ['pg']],
  [3, undefined, ['pg-primary', 'pg'], []],
  [3, false, [], ['pg-primary', 'pg']],
])('%i instances, enablePDB %s: budgets %j', (instances, enablePDB, wanted, unwanted) => {
  const cluster = aCluster({ instances, ...(enablePDB === undefined ? {} : { enablePDB }) });
  const budgets = disruptionBudgets(cluster, settings);
  expect(budgets.wanted.map(({ metadata }) => metadata?.name)).toEqual(wanted);
  expect(budgets.unwanted).toEqual(unwanted);
});

test('instances may read the Secrets that they need by name, and no others', () => {
  const cluster = aCluster({
    backup: {
      barmanObjectStore: { destinationPath: 's3://b/', s3Credentials: { accessKeyId: { name: 'store', key: 'k' } } },
    },
    bootstrap: {
      initdb: {
        postInitSQLRefs: { secretRefs: [{ name: 'sql', key: 'k' }], configMapRefs: [{ name: 'map', key: 'k' }] },
      },
    },
  });
  expect(readableSecrets(cluster)).toEqual(['pg-app', 'pg-replication', 'pg-server', 'pg-superuser', 'sql', 'store']);
  const certificates = {
    serverCASecret: 'ca',
    clientCASecret: 'ca',
    serverTLSSecret: 'tls',
    replicationTLSSecret: 'user',
  };
  expect(readableSecrets(aCluster({ certificates }))).toEqual(['ca', 'pg-app', 'pg-superuser', 'tls', 'user']);
  const signing = { serverCASecret: 'signing-ca', clientCASecret: 'signing-ca' };
  expect(readableSecrets(aCluster({ certificates: signing }))).not.toContain('signing-ca');
  expect(readableConfigMaps(cluster)).toEqual(['map']);
  for (const { rule, reason } of instanceRights(cluster)) {
    expect(reason).not.toBe('');
    expect(rule.verbs).not.toContain('*');
    // A create cannot be limited to a name: the object has none yet.
    const named = rule.verbs.some((verb) => verb !== 'create');
    if (
      named &&
      rule.resources?.some((name) => ['secrets', 'configmaps', 'leases', 'clusters', 'jobs'].includes(name))
    ) {
      expect(rule.resourceNames?.length).toBeGreaterThan(0);
    }
  }
  expect(instanceServiceAccount(aCluster({ serviceAccountName: 'mine' }), settings)).toBeUndefined();
});

test('the application Secret has every way to connect, with what is special in them quoted', () => {
  const credentials = { username: 'a:b', password: 'p@ss\\', database: 'app', userType: 'app' } as const;
  const secret = credentialsSecret(aCluster(), settings, 'pg-app', credentials);
  const text = (key: string) => secretText(secret, key);
  expect(text('pgpass')).toBe('pg-rw:5432:app:a\\:b:p@ss\\\\\n');
  expect(text('uri')).toBe('postgresql://a%3Ab:p%40ss%5C@pg-rw.db:5432/app');
  expect(text('fqdn-jdbc-uri')).toBe(
    'jdbc:postgresql://pg-rw.db.svc.cluster.local:5432/app?password=p%40ss%5C&user=a%3Ab',
  );
  expect(new URL(text('uri') ?? '').password).toBe('p%40ss%5C');
});

test('a server certificate has the names of the services in all their lengths', () => {
  const names = serverNames(aCluster({ certificates: { serverAltDNSNames: ['db.example'] } }), settings);
  expect(names).toContain('pg-rw');
  expect(names).toContain('pg-ro.db.svc.cluster.local');
  expect(names).toContain('db.example');
  expect(names).toHaveLength(13);
});

test.each([
  ['ghcr.io/cloudnative-pg/postgresql:18.6-system-trixie', '18.6-system-trixie', 18],
  ['registry:5000/postgresql', '', undefined],
  ['postgresql:17@sha256:00', '17', 17],
])('image %s has tag %s', (image, tag, major) => {
  expect([imageTag(image), imageMajor(image)]).toEqual([tag, major]);
});

test('the bootstrap section names the Job of the first instance', () => {
  expect(bootstrapRole(aCluster())).toBe('initdb');
  expect(bootstrapRole(aCluster({ bootstrap: { recovery: { source: 'x' } } }))).toBe('full-recovery');
});
