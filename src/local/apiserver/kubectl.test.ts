import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFile, execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Requests } from './testing/request.ts';
import { startApiServer, type TestServer } from './testing/server.ts';
import type { Loose } from './model/types.ts';

function present(): boolean {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write('kubectl.test.ts: skipped, kubectl is not on PATH\n');
    return false;
  }
}
const withKubectl = present() ? test : test.skip;

let server: TestServer;
let api: Requests;
let kubeconfig: string;

beforeAll(async () => {
  server = await startApiServer();
  api = new Requests(server.adminConnection);
  kubeconfig = path.join(server.directory, 'kubeconfig');
  await writeFile(kubeconfig, server.kubeconfig);
});
afterAll(async () => {
  api.close();
  await server.close();
});

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs kubectl asynchronously: the server is in this process. */
function kubectl(args: string, stdin?: string): Promise<Result> {
  const cache = path.join(server.directory, 'cache');
  return new Promise((resolve) => {
    const child = execFile(
      'kubectl',
      ['--kubeconfig', kubeconfig, '--cache-dir', cache, ...args.split(' ')],
      { timeout: 20_000 },
      (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr });
      },
    );
    child.stdin?.end(stdin);
  });
}
const apply = (...objects: Loose[]): Promise<Result> =>
  kubectl('apply -f -', objects.map((object) => JSON.stringify(object)).join('\n---\n'));

const deployment = (image: string): Loose => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', labels: { tier: 'front' } },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image }] } },
  },
});

withKubectl('apply makes, changes and leaves alone', async () => {
  expect((await apply(deployment('a:1'))).stdout).toBe('deployment.apps/web created\n');
  expect((await apply(deployment('a:1'))).stdout).toBe('deployment.apps/web unchanged\n');
  expect((await apply(deployment('a:2'))).stdout).toBe('deployment.apps/web configured\n');
  const wide = await kubectl('get deploy web -o wide');
  expect(wide.stdout).toMatch(
    /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CONTAINERS +IMAGES +SELECTOR\nweb +0\/1 +0 +0 +\d+s +main +a:2 +app=web\n$/,
  );
  const server = await kubectl('apply --server-side --field-manager=other -f -', JSON.stringify(deployment('a:3')));
  expect(server.stderr).toContain(
    'conflict with "kubectl-client-side-apply" using apps/v1: .spec.template.spec.containers[name="main"].image',
  );
});

withKubectl('a manifest with an unknown field or a wrong value is refused by name', async () => {
  const unknown = await apply({ ...deployment('a'), spec: { ...deployment('a').spec, replica: 3 } });
  expect(unknown.stderr).toContain('unknown field "spec.replica"');
  const wrong = await apply({ ...deployment('a'), metadata: { name: 'Web' } });
  expect(wrong.stderr).toContain('The Deployment "Web" is invalid: metadata.name: Invalid value: "Web"');
  expect(wrong.code).toBe(1);
});

withKubectl('create, label, annotate, scale, patch, set and delete', async () => {
  expect((await kubectl('create namespace made')).stdout).toBe('namespace/made created\n');
  expect((await kubectl('-n made create secret generic s --from-literal=a=b')).code).toBe(0);
  expect((await api.get('/api/v1/namespaces/made/secrets/s')).body.data).toEqual({ a: 'Yg==' });
  expect((await kubectl('-n made create deployment d --image=x:1 --replicas=2')).code).toBe(0);
  expect((await kubectl('-n made label deploy d a=b')).stdout).toBe('deployment.apps/d labeled\n');
  expect((await kubectl('-n made annotate deploy d a=b')).stdout).toBe('deployment.apps/d annotated\n');
  expect((await kubectl('-n made scale deploy d --replicas=5')).stdout).toBe('deployment.apps/d scaled\n');
  expect((await kubectl('-n made set image deploy/d x=x:2')).stdout).toBe('deployment.apps/d image updated\n');
  const { body } = await api.get('/apis/apps/v1/namespaces/made/deployments/d');
  expect(body).toMatchObject({
    metadata: { labels: { a: 'b' }, annotations: { a: 'b' } },
    spec: { replicas: 5, template: { spec: { containers: [{ image: 'x:2' }] } } },
  });
  expect((await kubectl('delete namespace made --timeout=10s')).stdout).toBe('namespace "made" deleted\n');
  expect((await api.get('/api/v1/namespaces/made')).code).toBe(404);
});

withKubectl('describe and wait', async () => {
  const { body: pod } = await api.post('/api/v1/namespaces/default/pods', {
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'a', image: 'a' }], nodeName: 'n' },
  });
  await api.post('/api/v1/namespaces/default/events', {
    metadata: { name: 'p.1' },
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'default', uid: pod.metadata.uid },
    reason: 'Seen',
    message: 'it was seen',
    type: 'Normal',
    firstTimestamp: new Date().toISOString().replace(/\.\d+/, ''),
    lastTimestamp: new Date().toISOString().replace(/\.\d+/, ''),
    source: { component: 'tester' },
  });
  const described = await kubectl('describe pod p');
  expect(described.stdout).toMatch(/Name: +p\n[^]*Events:[^]*Seen[^]*tester[^]*it was seen/);
  const waiting = kubectl('wait --for=condition=Ready pod/p --timeout=10s');
  await new Promise((resolve) => setTimeout(resolve, 300));
  const status = {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [{ name: 'a', ready: true, restartCount: 2, state: { running: {} } }],
  };
  expect((await api.merge('/api/v1/namespaces/default/pods/p/status', { status })).code).toBe(200);
  expect((await waiting).stdout).toBe('pod/p condition met\n');
  expect((await kubectl('get pods')).stdout).toMatch(
    /^NAME +READY +STATUS +RESTARTS +AGE\np +1\/1 +Running +2 +\d+s\n$/,
  );
  expect((await kubectl('get events')).stdout).toMatch(
    /LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n\d+s +Normal +Seen +pod\/p +it was seen/,
  );
});

withKubectl('custom kinds are found by their short names and shown by their columns', async () => {
  const schema = { type: 'object', properties: { spec: { type: 'object', properties: { n: { type: 'integer' } } } } };
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'boats.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'boats', kind: 'Boat', shortNames: ['bt'] },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schema },
          subresources: { scale: { specReplicasPath: '.spec.n', statusReplicasPath: '.status.n' } },
          additionalPrinterColumns: [{ name: 'Number', type: 'integer', jsonPath: '.spec.n' }],
        },
      ],
    },
  };
  await apply(definition);
  expect((await kubectl('wait --for=condition=Established crd/boats.example.com')).stdout).toContain('condition met');
  expect(
    (await apply({ apiVersion: 'example.com/v1', kind: 'Boat', metadata: { name: 'b' }, spec: { n: 1 } })).code,
  ).toBe(0);
  expect((await kubectl('scale boats/b --replicas=3')).code).toBe(0);
  expect((await kubectl('get bt')).stdout).toBe('NAME   NUMBER\nb      3\n');
  const bad = await apply({ apiVersion: 'example.com/v1', kind: 'Boat', metadata: { name: 'b' }, spec: { m: 1 } });
  expect(bad.stderr).toContain('strict decoding error: unknown field "spec.m"');
});

withKubectl('tokens and what one may', async () => {
  const { stdout } = await kubectl('create token default');
  const bearer = api.as(stdout.trim());
  expect((await bearer.get('/api/v1/namespaces/default/pods')).code).toBe(403);
  bearer.close();
  expect((await kubectl('auth can-i create pods')).stdout).toBe('yes\n');
  expect((await kubectl('auth can-i create pods --as system:serviceaccount:default:default')).stdout).toBe('no\n');
});
