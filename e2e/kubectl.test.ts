// What a person types. Skipped, and said so, where there is no kubectl.
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { resource } from '../src/kube/resource-types.ts';
import type { Secret } from '../src/kube/objects.ts';
import { openNamespace, openShared } from './support/shared.ts';

const candidates = ['kubectl', path.join(process.env['KUBE_CACHE'] ?? '/nonexistent', 'bin/kubectl')];
const program = candidates.find((name) => spawnSync(name, ['version', '--client']).status === 0);
if (program === undefined) process.stdout.write('kubectl tests SKIPPED: there is no kubectl on PATH\n');
const withKubectl = program === undefined ? test.skip : test;

const platform = openShared();
let namespace: Awaited<ReturnType<typeof openNamespace>>;
const run = promisify(execFile);

async function kubectl(...args: string[]): Promise<string> {
  const { stdout } = await run(program ?? 'kubectl', [
    '--kubeconfig',
    platform.kubeconfig,
    '--namespace',
    namespace.name,
    ...args,
  ]);
  return stdout;
}

async function applyText(text: string): Promise<string> {
  const child = spawn(
    program ?? 'kubectl',
    ['--kubeconfig', platform.kubeconfig, '--namespace', namespace.name, 'apply', '-f', '-'],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.end(text);
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(0);
  return output;
}

const manifest = (instances: number): string => `
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata:
  name: typed
spec:
  instances: ${instances}
  imageName: ${platform.image(18)}
  storage:
    size: 1Gi
`;

beforeAll(async () => {
  namespace = await openNamespace(platform, 'kubectl');
});
afterAll(async () => {
  await namespace?.[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

withKubectl('apply, wait, get, describe', async () => {
  expect(await applyText(manifest(1))).toContain('cluster.postgresql.cnpg.io/typed created');
  await kubectl('wait', '--for=condition=Ready', 'cluster/typed', '--timeout=120s');
  expect(await applyText(manifest(1))).toContain('unchanged');
  const [heading = '', line = ''] = (await kubectl('get', 'clusters.postgresql.cnpg.io')).split('\n');
  expect(heading.split(/\s{2,}/)).toEqual(['NAME', 'AGE', 'INSTANCES', 'READY', 'STATUS', 'PRIMARY']);
  expect(line).toMatch(/^typed\s+\S+\s+1\s+1\s+Cluster in healthy state\s+typed-1/);
  expect(await kubectl('get', 'pods', '-o', 'wide')).toMatch(/typed-1\s+1\/1\s+Running\s+0/);
  expect(await kubectl('get', 'cluster', 'typed', '-o', 'yaml')).toContain('currentPrimary: typed-1');
  expect(await kubectl('describe', 'cluster', 'typed')).toContain('Cluster in healthy state');
  expect(await kubectl('describe', 'pod', 'typed-1')).toContain('bootstrap-controller');
});

withKubectl('logs are JSON lines with the instance name; exec runs in the container', async () => {
  const lines = (await kubectl('logs', 'typed-1', '-c', 'postgres', '--tail=20')).trim().split('\n');
  expect(lines.length).toBeGreaterThan(1);
  for (const line of lines) expect(JSON.parse(line)).toMatchObject({ logging_pod: 'typed-1' });
  expect((await kubectl('exec', 'typed-1', '-c', 'postgres', '--', 'sh', '-c', 'echo "$CLUSTER_NAME"')).trim()).toBe(
    'typed',
  );
  await expect(kubectl('exec', 'typed-1', '-c', 'postgres', '--', 'sh', '-c', 'exit 7')).rejects.toThrow(
    /exit code 7|code 7/,
  );
});

withKubectl('port-forward reaches PostgreSQL', async () => {
  const child: ChildProcess = spawn(
    program ?? 'kubectl',
    ['--kubeconfig', platform.kubeconfig, '--namespace', namespace.name, 'port-forward', 'pod/typed-1', ':5432'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  try {
    const [first] = (await once(child.stdout!, 'data')) as [Buffer];
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(first.toString())?.[1]);
    const secret = await platform.api.get<Secret>(resource.secrets, { namespace: namespace.name, name: 'typed-app' });
    const value = (key: string): string => Buffer.from(secret?.data?.[key] ?? '', 'base64').toString();
    const client = new pg.Client({
      host: '127.0.0.1',
      port,
      user: value('username'),
      password: value('password'),
      database: value('dbname'),
      ssl: { rejectUnauthorized: false },
    });
    await client.connect();
    const { rows } = await client.query('select 1 as one');
    expect(rows).toEqual([{ one: 1 }]);
    await client.end();
  } finally {
    child.kill();
    await once(child, 'close');
  }
});

withKubectl('scale, and delete takes everything along', async () => {
  await kubectl('scale', 'cluster/typed', '--replicas=2');
  await kubectl('wait', '--for=jsonpath={.status.readyInstances}=2', 'cluster/typed', '--timeout=120s');
  await kubectl('delete', 'cluster', 'typed');
  await kubectl('wait', '--for=delete', 'pod/typed-1', 'pod/typed-2', '--timeout=120s');
  await kubectl('wait', '--for=delete', 'pvc/typed-1', '--timeout=60s');
});
