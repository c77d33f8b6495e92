// Logs, exec and port-forward as users have them: kubectl and client-node → API server → node → process.
import { execFile, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { request } from 'node:https';
import path from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { Exec, KubeConfig, PortForward, type V1Status } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { resource } from '../../../kube/resource-types.ts';
import type { KubeObject } from '../../../kube/types.ts';
import { findTree } from '../container/tree.ts';
import type { Pod } from '../model/types.ts';
import { TestPlatform } from '../testing/platform.ts';

jest.setTimeout(60_000);
const kubectl = '/usr/bin/kubectl';
let platform: TestPlatform;
let kubeconfig: string;
let config: KubeConfig;
let pod: Pod;

/** Answers a POST with the number of bytes it got, on port 8080 of the pod. */
const program = `
  console.log('first'); console.error('second'); console.log('third');
  require('http').createServer((request, response) => {
    let bytes = 0;
    request.on('data', (chunk) => (bytes += chunk.length));
    request.on('end', () => response.end('got ' + bytes));
  }).listen(8080, process.env.HOWDAH_BIND);`;

const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false;

beforeAll(async () => {
  platform = await TestPlatform.start();
  kubeconfig = path.join(platform.directory, 'kubeconfig');
  writeFileSync(kubeconfig, platform.server.kubeconfig, { mode: 0o600 });
  config = new KubeConfig();
  config.loadFromString(platform.server.kubeconfig);
  const node = path.join(platform.directory, 'node');
  const { copyFileSync, chmodSync } = await import('node:fs');
  copyFileSync(process.execPath, node);
  chmodSync(node, 0o755);
  await platform.createPod('web', {
    containers: [
      {
        name: 'main',
        image: 'any',
        command: [node, '-e', program],
        env: [{ name: 'COLOUR', value: 'blue' }],
        readinessProbe: { tcpSocket: { port: 8080 } },
      },
    ],
  });
  pod = await platform.podWhen('web', isReady, 'ready');
  await platform.until(async () => (await platform.log('web')).includes('third'), 'the log is written');
});
afterAll(() => platform[Symbol.asyncDispose]());

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(args: readonly string[], input = '', env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env, KUBECONFIG: kubeconfig }, timeout: 20_000 };
    const child = execFile(kubectl, [...args], options, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
    );
    child.stdin?.end(input);
  });
}

const withKubectl = existsSync(kubectl) ? test : test.skip;
if (!existsSync(kubectl)) process.stdout.write(`kubectl tests are left out: ${kubectl} is not there\n`);

test('logs: all, the last lines, with times, since a time, of no more than some bytes', async () => {
  const log = (query: string): Promise<string> => platform.log('web', 'main', query);
  expect((await log('')).trim().split('\n').sort()).toEqual(['first', 'second', 'third']);
  expect((await log('&tailLines=1')).trim().split('\n')).toHaveLength(1);
  expect(await log('&timestamps=true')).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z \w+\n/);
  expect(await log(`&sinceTime=${encodeURIComponent(new Date(Date.now() + 60_000).toISOString())}`)).toBe('');
  expect(await log('&limitBytes=4')).toHaveLength(4);
});

test('logs of the previous run and a log that is followed to the end of its container', async () => {
  const shell = (script: string) => [{ name: 'main', image: 'any', command: ['sh', '-c', script] }];
  await platform.createPod('twice', { containers: shell('echo run; exit 1') });
  await platform.podWhen('twice', ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1, 'restarted');
  expect(await platform.log('twice', 'main', '&previous=true')).toBe('run\n');
  await platform.createPod('counts', {
    restartPolicy: 'Never',
    containers: shell('for n in 1 2 3; do echo $n; sleep 0.3; done'),
  });
  await platform.podWhen('counts', ({ status }) => status?.containerStatuses?.[0]?.state.running !== undefined, 'runs');
  expect(await platform.log('counts', 'main', '&follow=true')).toBe('1\n2\n3\n');
});

test('exec by client-node: input, both outputs, the exit code, environment and address of the container', async () => {
  let out = '';
  let err = '';
  const collect = (take: (text: string) => void): Writable =>
    new Writable({ write: (chunk: Buffer, _, done) => (take(chunk.toString()), done()) });
  const input = new PassThrough();
  const script = 'echo $COLOUR $HOWDAH_BIND; cat; echo bad >&2; exit 3';
  const status = new Promise<V1Status>((resolve, reject) => {
    new Exec(config)
      .exec(
        'default',
        'web',
        'main',
        ['sh', '-c', `head -c 4; ${script.replace('cat; ', '')}`],
        collect((text) => (out += text)),
        collect((text) => (err += text)),
        input,
        false,
        resolve,
      )
      .catch(reject);
  });
  input.write('text');
  expect(await status).toMatchObject({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ message: '3' }] },
  });
  expect(out).toBe(`textblue ${pod.status?.podIP}\n`);
  expect(err).toBe('bad\n');
});

test('a command whose client goes away is ended', async () => {
  const count = (): number => findTree({ marker: pod.metadata.uid }).length;
  const before = count();
  const socket = await new Exec(config).exec(
    'default',
    'web',
    'main',
    ['sleep', '300'],
    null,
    process.stderr,
    null,
    false,
  );
  await platform.until(() => count() === before + 1, 'the command runs');
  socket.close();
  await platform.until(() => count() === before, 'the command has ended');
});

test('port-forward by client-node', async () => {
  const forward = new PortForward(config);
  const server = createServer((socket) => void forward.portForward('default', 'web', [8080], socket, null, socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
    method: 'POST',
    body: 'x'.repeat(100_000),
    headers: { Connection: 'close' },
  });
  expect(await answer.text()).toBe('got 100000');
  server.close();
});

test('the node answers nobody without a client certificate of the API server', async () => {
  type Node = KubeObject & { status: { daemonEndpoints: { kubeletEndpoint: { Port: number } } } };
  const { items } = await platform.api.list<Node>(resource.nodes);
  const port = items[0]?.status.daemonEndpoints.kubeletEndpoint.Port;
  const ask = (credentials: { cert?: string; key?: string }): Promise<number> =>
    new Promise((resolve) => {
      request({
        host: platform.settings.address,
        port,
        path: '/containerLogs/default/web/main',
        ca: platform.server.ca,
        agent: false,
        ...credentials,
      })
        .on('response', (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        })
        .on('error', () => resolve(0))
        .end();
    });
  expect(await ask({})).toBe(0);
  const { cert, key } = platform.settings.tls;
  expect(await ask({ cert, key })).toBe(403);
});

withKubectl('kubectl logs and exec, over WebSocket and over SPDY', async () => {
  expect((await run(['logs', 'web', '--tail=1'])).out.trim()).toMatch(/second|third/);
  for (const env of [{}, { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' }]) {
    const exec = await run(['exec', 'web', '--', 'sh', '-c', 'echo out; echo err >&2; exit 5'], '', env);
    expect(exec).toMatchObject({ code: 5, out: 'out\n', err: expect.stringContaining('err\n') });
    const counted = await run(['exec', '-i', 'web', '--', 'wc', '-c'], 'x'.repeat(300_000), env);
    expect(counted.out.trim()).toBe('300000');
  }
});

withKubectl('kubectl exec with a terminal', async () => {
  const command = `${kubectl} exec -it web -- sh -c 'tty; exit 4'`;
  const child = spawn('script', ['-qfec', command, '/dev/null'], {
    env: { ...process.env, KUBECONFIG: kubeconfig, SHELL: '/bin/sh' },
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const [code] = (await once(child, 'exit')) as [number];
  expect(out).toContain('/dev/pts/');
  expect(code).toBe(4);
});

withKubectl('kubectl port-forward, in a WebSocket and over plain SPDY', async () => {
  for (const websockets of ['true', 'false']) {
    const child = spawn(kubectl, ['port-forward', 'pod/web', '0:8080', '--address', '127.0.0.1'], {
      env: { ...process.env, KUBECONFIG: kubeconfig, KUBECTL_PORT_FORWARD_WEBSOCKETS: websockets },
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()));
    try {
      await platform.until(
        () => /:(\d+) -> 8080/.test(out),
        () => out,
      );
      const port = Number(/:(\d+) -> 8080/.exec(out)?.[1]);
      const answers = [1, 2, 3].map(async (size) => {
        const answer = await fetch(`http://127.0.0.1:${port}/`, {
          method: 'POST',
          body: 'x'.repeat(size * 100_000),
          headers: { Connection: 'close' },
        });
        return answer.text();
      });
      expect(await Promise.all(answers)).toEqual(['got 100000', 'got 200000', 'got 300000']);
    } finally {
      child.kill();
      await once(child, 'exit');
    }
  }
});

withKubectl('a port that nobody listens on is told to the client of port-forward', async () => {
  const child = spawn(kubectl, ['port-forward', 'pod/web', '0:9'], { env: { ...process.env, KUBECONFIG: kubeconfig } });
  const exited = once(child, 'exit');
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()));
  await platform.until(
    () => /:(\d+) -> 9/.test(out),
    () => out,
  );
  connect(Number(/127.0.0.1:(\d+) -> 9/.exec(out)?.[1]), '127.0.0.1').on('error', () => undefined);
  await platform.until(
    () => out.includes('error forwarding port 9'),
    () => out,
  );
  child.kill();
  await exited;
});
