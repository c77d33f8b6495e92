import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { resource } from '../../kube/resource-types.ts';
import type { KubeObject } from '../../kube/types.ts';
import { findTree } from './container/tree.ts';
import type { Container, Pod } from './model/types.ts';
import { TestPlatform } from './testing/platform.ts';

jest.setTimeout(60_000);
let platform: TestPlatform;
beforeAll(async () => {
  platform = await TestPlatform.start();
});
afterAll(() => platform[Symbol.asyncDispose]());

const shell = (script: string, more: Partial<Container> = {}): Container => ({
  name: 'main',
  image: 'any',
  command: ['sh', '-c', script],
  ...more,
});
const sleeps = 'trap "exit 0" TERM; while :; do sleep 0.1; done';
const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
const main = (pod: Pod) => pod.status?.containerStatuses?.[0];
const tree = (pod: Pod): number[] => findTree({ marker: pod.metadata.uid });
const waits = (reason: string) => (pod: Pod) => main(pod)?.state.waiting?.reason === reason;

/** A file in a container's emptyDir "data", by its place on the machine. */
const dataFile = (pod: Pod, name: string): string =>
  readFileSync(path.join(platform.settings.root, 'pods', pod.metadata.uid, 'volumes/data', name), 'utf8');
const data = { volumes: [{ name: 'data', emptyDir: {} }] };
const mounted = { volumeMounts: [{ name: 'data', mountPath: '/data' }] };

test('the node registers itself and keeps a lease', async () => {
  type Node = KubeObject & { status?: Record<string, unknown> };
  let node: Node | undefined;
  await platform.until(async () => {
    node = await platform.api.get<Node>(resource.nodes, { name: 'n1' });
    return node?.status?.['nodeInfo'] !== undefined;
  }, 'the node has a status');
  expect(node?.status).toMatchObject({
    addresses: expect.arrayContaining([{ type: 'InternalIP', address: platform.settings.address }]),
    conditions: expect.arrayContaining([expect.objectContaining({ type: 'Ready', status: 'True' })]),
  });
  await platform.until(
    async () => (await platform.api.get(resource.leases, { namespace: 'kube-node-lease', name: 'n1' })) !== undefined,
    'lease',
  );
});

test('init containers run in order before the others, and volumes pass between them', async () => {
  await platform.createPod('ordered', {
    ...data,
    initContainers: [
      shell('echo one >/data/log', { name: 'first', ...mounted }),
      shell('echo two >>/data/log', { name: 'second', ...mounted }),
    ],
    containers: [shell(`echo three >>/data/log; ${sleeps}`, mounted)],
  });
  const pod = await platform.podWhen('ordered', isReady, 'ready');
  await platform.until(() => dataFile(pod, 'log').includes('three'), 'all have written');
  expect(dataFile(pod, 'log')).toBe('one\ntwo\nthree\n');
  expect(pod.status?.initContainerStatuses?.map(({ state }) => state.terminated?.reason)).toEqual([
    'Completed',
    'Completed',
  ]);
  expect(pod.status?.podIP).toMatch(new RegExp(`^${platform.settings.podNetwork}\\.\\d+$`));
  await platform.api.delete(resource.pods, { namespace: 'default', name: 'ordered' });
  await platform.gone('ordered');
  expect(tree(pod)).toEqual([]);
});

test('environment comes from values, fields, resources, secrets and config maps, with references expanded', async () => {
  await platform.create(resource.secrets, {
    metadata: { name: 'secret', namespace: 'default' },
    data: { password: Buffer.from('s3cret').toString('base64') },
  });
  await platform.create(resource.configMaps, {
    metadata: { name: 'settings', namespace: 'default' },
    data: { COLOUR: 'blue', SIZE: 'big' },
  });
  await platform.createPod(
    'env',
    {
      ...data,
      restartPolicy: 'Never',
      containers: [
        shell('env >/data/env; pwd >/data/pwd', {
          ...mounted,
          envFrom: [{ prefix: 'CM_', configMapRef: { name: 'settings' } }],
          env: [
            { name: 'PLAIN', value: 'x' },
            { name: 'BOTH', value: '$(PLAIN)-$(CM_SIZE)-$(UNKNOWN)-$$(PLAIN)' },
            { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'secret', key: 'password' } } },
            { name: 'ABSENT', valueFrom: { configMapKeyRef: { name: 'no', key: 'no', optional: true } } },
            { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
            { name: 'LABEL', valueFrom: { fieldRef: { fieldPath: "metadata.labels['role']" } } },
            { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
            { name: 'FILE', value: '/data/file' },
          ],
          resources: { limits: { memory: '1Gi' } },
        }),
      ],
    },
    { labels: { role: 'writer' } },
  );
  const pod = await platform.podWhen('env', ({ status }) => status?.phase === 'Succeeded', 'succeeded');
  const env = Object.fromEntries(
    dataFile(pod, 'env')
      .split('\n')
      .map((line) => line.split(/=(.*)/s)) as [string, string][],
  );
  expect(env).toMatchObject({
    CM_COLOUR: 'blue',
    BOTH: 'x-big-$(UNKNOWN)-$(PLAIN)',
    PASSWORD: 's3cret',
    IP: pod.status?.podIP,
    HOWDAH_BIND: pod.status?.podIP,
    LABEL: 'writer',
    MEMORY: '1024',
    KUBERNETES_SERVICE_PORT: '6443',
    HOSTNAME: 'env',
  });
  expect(env['FILE']).toBe(`${env['HOWDAH_ROOT']}/data/file`);
  expect(env['HOWDAH_ROOT']?.length).toBeLessThan(60);
  expect(env).not.toHaveProperty('ABSENT');
});

test('a missing secret is named in the status and the container starts once it is there', async () => {
  await platform.createPod('waits', {
    containers: [shell(sleeps, { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'late', key: 'a' } } }] })],
  });
  const waiting = await platform.podWhen('waits', waits('CreateContainerConfigError'), 'waits');
  expect(main(waiting)?.state.waiting?.message).toContain('secret "late" not found');
  expect(waiting.status?.phase).toBe('Pending');
  await platform.create(resource.secrets, { metadata: { name: 'late', namespace: 'default' }, data: { a: 'YQ==' } });
  await platform.podWhen('waits', isReady, 'ready');
});

test('an image that is not there is reported as such', async () => {
  await platform.createPod('image', { containers: [shell(sleeps, { image: 'none' })] });
  const pod = await platform.podWhen('image', waits('ErrImagePull'), 'waits');
  expect(main(pod)?.state.waiting?.message).toContain('no image "none"');
});

test('projected volumes show secrets, config maps, fields and a token, and follow changes', async () => {
  await platform.create(resource.configMaps, {
    metadata: { name: 'live', namespace: 'default' },
    data: { text: 'old' },
  });
  await platform.create(resource.secrets, { metadata: { name: 'keys', namespace: 'default' }, data: { key: 'a2V5' } });
  const projected = {
    sources: [
      { configMap: { name: 'live', items: [{ key: 'text', path: 'nested/text' }] } },
      { secret: { name: 'keys' } },
      { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
      { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
    ],
  };
  await platform.createPod('projected', {
    volumes: [{ name: 'all', projected }],
    containers: [shell(sleeps, { volumeMounts: [{ name: 'all', mountPath: '/all' }] })],
  });
  const pod = await platform.podWhen('projected', isReady, 'ready');
  const read = (name: string): string =>
    readFileSync(path.join(platform.settings.root, 'pods', pod.metadata.uid, 'volumes/all', name), 'utf8');
  expect([read('nested/text'), read('key'), read('name')]).toEqual(['old', 'key', 'projected']);
  expect(read('token').split('.')).toHaveLength(3);
  await platform.api.patch(resource.configMaps, { namespace: 'default', name: 'live' }, { data: { text: 'new' } });
  await platform.until(() => read('nested/text') === 'new', 'the file follows');
});

test('exit codes decide by restart policy: Never ends, OnFailure and Always begin anew, at first at once', async () => {
  await platform.createPod('never', { restartPolicy: 'Never', containers: [shell('exit 3')] });
  const never = await platform.podWhen('never', ({ status }) => status?.phase === 'Failed', 'failed');
  expect(main(never)?.state.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
  const started = performance.now();
  await platform.createPod('onfailure', {
    ...data,
    restartPolicy: 'OnFailure',
    containers: [shell('if [ -e /data/x ]; then exit 0; fi; touch /data/x; exit 7', mounted)],
  });
  const again = await platform.podWhen('onfailure', ({ status }) => status?.phase === 'Succeeded', 'succeeded');
  expect(main(again)).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 7 } } });
  expect(performance.now() - started).toBeLessThan(8000);
  await platform.createPod('always', { containers: [shell('exit 1')] });
  const loop = await platform.podWhen('always', waits('CrashLoopBackOff'), 'backs off');
  expect(main(loop)).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 1 } } });
  expect(main(loop)?.state.waiting?.message).toContain('back-off 10s');
  await delay(1500);
  expect(main((await platform.pod('always')) as Pod)?.restartCount).toBe(1);
});

test('a container says why it ended: by its file, else by the end of its log where it failed and asks for that', async () => {
  const policy = { terminationMessagePolicy: 'FallbackToLogsOnError' };
  await platform.createPod('words', {
    restartPolicy: 'Never',
    containers: [
      shell('echo no; echo "last words" >/dev/termination-log; exit 1', { ...policy, name: 'file' }),
      shell('seq 1000; printf "the end" >&2; exit 1', { ...policy, name: 'log' }),
      shell('echo all is well', { ...policy, name: 'good' }),
      shell('echo no; exit 1', { name: 'silent' }),
    ],
  });
  const pod = await platform.podWhen('words', ({ status }) => status?.phase === 'Failed', 'failed');
  const said = Object.fromEntries(
    (pod.status?.containerStatuses ?? []).map(({ name, state }) => [name, state.terminated?.message]),
  );
  expect(said).toMatchObject({ file: 'last words\n', good: undefined, silent: undefined });
  expect(said['log']?.split('\n')).toHaveLength(80);
  expect(said['log']).toMatch(/\n1000\nthe end$/);
});

test('a sidecar runs beside the others and ends with them', async () => {
  await platform.createPod('sidecar', {
    restartPolicy: 'Never',
    initContainers: [shell(sleeps, { name: 'side', restartPolicy: 'Always' })],
    containers: [shell('sleep 1; exit 0')],
  });
  await platform.podWhen(
    'sidecar',
    ({ status }) =>
      Boolean(status?.initContainerStatuses?.[0]?.state.running && status.containerStatuses?.[0]?.state.running),
    'both run',
  );
  const pod = await platform.podWhen('sidecar', ({ status }) => status?.phase === 'Succeeded', 'succeeded');
  expect(tree(pod)).toEqual([]);
});

test('a pod past its deadline fails and its processes end', async () => {
  await platform.createPod('late', { activeDeadlineSeconds: 1, containers: [shell(sleeps)] });
  const pod = await platform.podWhen('late', ({ status }) => status?.phase === 'Failed', 'failed');
  expect(pod.status?.reason).toBe('DeadlineExceeded');
  expect(tree(pod)).toEqual([]);
});

test('termination asks the main process, waits, and then ends the whole tree with those who left the session', async () => {
  await platform.createPod('stubborn', {
    terminationGracePeriodSeconds: 2,
    containers: [
      shell(
        `trap "" TERM; setsid sh -c 'trap "" TERM; sleep 300 & sleep 301' & sleep 302 & while :; do sleep 0.2; done`,
      ),
    ],
  });
  const pod = await platform.podWhen('stubborn', isReady, 'ready');
  await platform.until(() => tree(pod).length >= 6, 'all processes run');
  const started = performance.now();
  await platform.api.delete(resource.pods, { namespace: 'default', name: 'stubborn' });
  await platform.gone('stubborn');
  expect(performance.now() - started).toBeGreaterThan(1900);
  expect(tree(pod)).toEqual([]);
});

test('a polite container ends at once with its own exit code, after its preStop hook', async () => {
  await platform.createPod('polite', {
    volumes: [{ name: 'data', emptyDir: {} }],
    terminationGracePeriodSeconds: 30,
    containers: [
      shell(`trap 'cat /data/hook; exit 0' TERM; while :; do sleep 0.1; done`, {
        ...mounted,
        lifecycle: { preStop: { exec: { command: ['sh', '-c', 'echo hook >/data/hook'] } } },
      }),
    ],
  });
  await platform.podWhen('polite', isReady, 'ready');
  const started = performance.now();
  await platform.api.delete(resource.pods, { namespace: 'default', name: 'polite' });
  await platform.gone('polite');
  expect(performance.now() - started).toBeLessThan(5000);
  expect(await platform.events('polite')).toEqual(expect.arrayContaining(['Created', 'Started', 'Killing']));
});

test('a pod deleted by force leaves no process', async () => {
  await platform.createPod('forced', { containers: [shell(`trap "" TERM; while :; do sleep 0.2; done`)] });
  const pod = await platform.podWhen('forced', isReady, 'ready');
  await platform.api.delete(resource.pods, { namespace: 'default', name: 'forced' }, { gracePeriodSeconds: 0 });
  await platform.until(() => tree(pod).length === 0, 'no process is left');
});

test('readiness follows its probe, and a failed liveness probe restarts the container', async () => {
  await platform.createPod('probed', {
    ...data,
    containers: [
      shell(`touch /data/alive; ${sleeps}`, {
        ...mounted,
        startupProbe: { exec: { command: ['test', '-e', '/data/alive'] }, periodSeconds: 1 },
        readinessProbe: { exec: { command: ['test', '-e', '/data/ready'] }, periodSeconds: 1, failureThreshold: 1 },
        livenessProbe: { exec: { command: ['test', '-e', '/data/alive'] }, periodSeconds: 1, failureThreshold: 2 },
      }),
    ],
  });
  const unready = await platform.podWhen('probed', (pod) => main(pod)?.started === true, 'started');
  expect(main(unready)?.ready).toBe(false);
  const file = (name: string): string =>
    path.join(platform.settings.root, 'pods', unready.metadata.uid, 'volumes/data', name);
  const { writeFileSync, rmSync } = await import('node:fs');
  writeFileSync(file('ready'), '');
  await platform.podWhen('probed', isReady, 'ready');
  rmSync(file('ready'));
  await platform.podWhen('probed', (pod) => !isReady(pod), 'unready again');
  rmSync(file('alive'));
  await platform.podWhen(
    'probed',
    (pod) => main(pod)?.restartCount === 1 && main(pod)?.state.running !== undefined,
    'restarted',
  );
  expect(await platform.events('probed')).toEqual(expect.arrayContaining(['Unhealthy', 'Killing']));
});

test('a claim is mounted once it is bound and keeps its data from pod to pod', async () => {
  const volumePath = path.join(platform.directory, 'pv');
  const spec = {
    restartPolicy: 'Never' as const,
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'claim' } }],
    containers: [shell('cat /data/file; echo kept >/data/file; stat -c %a $HOWDAH_ROOT/data/', mounted)],
  };
  await platform.createPod('claims', spec);
  await platform.until(async () => (await platform.events('claims')).includes('FailedMount'), 'FailedMount');
  await platform.create(resource.persistentVolumes, {
    metadata: { name: 'pv' },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: volumePath } },
  });
  await platform.create(resource.persistentVolumeClaims, {
    metadata: { name: 'claim', namespace: 'default' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, volumeName: 'pv' },
  });
  await platform.api.patchStatus(
    resource.persistentVolumeClaims,
    { namespace: 'default', name: 'claim' },
    { status: { phase: 'Bound' } },
  );
  await platform.podWhen('claims', ({ status }) => status?.phase === 'Succeeded', 'succeeded');
  expect(readFileSync(path.join(volumePath, 'file'), 'utf8')).toBe('kept\n');
  await platform.api.delete(resource.pods, { namespace: 'default', name: 'claims' });
  await platform.gone('claims');
  expect(readFileSync(path.join(volumePath, 'file'), 'utf8')).toBe('kept\n');
});

test('a pod that others called not ready is ready again by the word of its node', async () => {
  await platform.createPod('doubted', { containers: [shell(sleeps)] });
  const pod = await platform.podWhen('doubted', isReady, 'ready');
  const conditions = pod.status?.conditions?.map((one) => (one.type === 'Ready' ? { ...one, status: 'False' } : one));
  await platform.api.patchStatus(resource.pods, { namespace: 'default', name: 'doubted' }, { status: { conditions } });
  await platform.podWhen('doubted', isReady, 'ready again');
});
