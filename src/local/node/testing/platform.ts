import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createKubeClient } from '../../../kube/client.ts';
import type { KubeApi } from '../../../kube/port.ts';
import { resource } from '../../../kube/resource-types.ts';
import type { KubeObject } from '../../../kube/types.ts';
import { issueCertificate } from '../../../pki/x509.ts';
import { startServer, type RunningServer } from '../../apiserver/server.ts';
import { startApiServer, type TestServer } from '../../apiserver/testing/server.ts';
import type { Pod, PodSpec } from '../model/types.ts';
import { killPods } from '../stop.ts';
import type { NodeSettings } from './settings.ts';

const settleMs = 20_000;

/** A real API server and one node as a process of its own, to be killed at will. */
export class TestPlatform implements AsyncDisposable {
  readonly server: TestServer;
  readonly api: KubeApi & AsyncDisposable;
  readonly directory: string;
  readonly settings: NodeSettings;
  #node: ChildProcess | undefined;
  #again: RunningServer | undefined;
  output = '';

  private constructor(server: TestServer, directory: string, settings: NodeSettings) {
    this.server = server;
    this.directory = directory;
    this.settings = settings;
    this.api = createKubeClient(server.adminConnection);
  }

  static async start(): Promise<TestPlatform> {
    const subnet = `127.${200 + Math.floor(Math.random() * 50)}`;
    const address = `${subnet}.${1 + Math.floor(Math.random() * 9)}.${1 + Math.floor(Math.random() * 250)}`;
    const server = await startApiServer();
    const directory = await mkdtemp(path.join(tmpdir(), 'hn-'));
    await chmod(directory, 0o755);
    const { authority } = server.keys as unknown as { authority: { certificate: string; key: string } };
    const pair = await issueCertificate(authority, {
      commonName: 'system:node:n1',
      organizations: ['system:nodes'],
      ipAddresses: [address],
      usages: ['server', 'client'],
      days: 1,
      now: new Date(),
    });
    const settings: NodeSettings = {
      root: path.join(directory, 'n1'),
      roots: path.join(directory, 'r'),
      name: 'n1',
      address,
      podNetwork: `${subnet}.${11 + Math.floor(Math.random() * 40)}`,
      kubeletPort: 0,
      server: server.url,
      tls: { ca: server.ca, cert: pair.certificate, key: pair.key },
      refreshMs: 300,
      ...(process.getuid?.() === 0 ? { user: { uid: 65_534, gid: 65_534 } } : {}),
    };
    const platform = new TestPlatform(server, directory, settings);
    await platform.startNode();
    return platform;
  }

  /** Takes the API server away; the function brings it back on the same port with the same state. */
  async stopApiServer(): Promise<() => Promise<void>> {
    const { running, keys, directory } = this.server;
    const { address, port } = running;
    await running.close();
    return async () => {
      const options = { keys, address, port, stateFile: path.join(directory, 'state.db'), serviceNetwork: '127.99.96' };
      this.#again = await startServer({ ...options, log: () => undefined });
    };
  }

  async startNode(): Promise<void> {
    const file = path.join(this.directory, 'settings.json');
    await writeFile(file, JSON.stringify(this.settings), { mode: 0o600 });
    const node = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', path.join(import.meta.dirname, 'node-main.ts'), file],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: process.env['PATH'] },
      },
    );
    this.#node = node;
    const take = (chunk: Buffer): void => void (this.output += chunk.toString('utf8'));
    node.stdout.on('data', take);
    node.stderr.on('data', take);
    await this.until(() => this.output.includes(`serves ${node.pid}`), 'the node serves');
  }

  /** Sends a signal to the node's process and waits for its end. */
  async endNode(signal: NodeJS.Signals): Promise<void> {
    const node = this.#node;
    if (!node || node.exitCode !== null || node.signalCode !== null) return;
    const exited = once(node, 'exit');
    node.kill(signal);
    await exited;
  }

  async createPod(name: string, spec: Omit<PodSpec, 'nodeName'>, metadata: object = {}): Promise<Pod> {
    return this.api.create<Pod>(resource.pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', ...metadata } as Pod['metadata'],
      spec: { nodeName: 'n1', terminationGracePeriodSeconds: 5, ...{ automountServiceAccountToken: false }, ...spec },
    });
  }

  /** Creates an object of any kind. */
  async create(
    type: (typeof resource)[keyof typeof resource],
    object: KubeObject & Record<string, unknown>,
  ): Promise<void> {
    await this.api.create(type, object);
  }

  pod(name: string): Promise<Pod | undefined> {
    return this.api.get<Pod>(resource.pods, { namespace: 'default', name });
  }

  /** The pod once it is as wanted. */
  async podWhen(name: string, wanted: (pod: Pod) => boolean, what: string): Promise<Pod> {
    let pod: Pod | undefined;
    await this.until(
      async () => {
        pod = await this.pod(name);
        return pod !== undefined && wanted(pod);
      },
      () => `${what}; status: ${JSON.stringify(pod?.status)}`,
    );
    return pod as Pod;
  }

  async gone(name: string): Promise<void> {
    await this.until(async () => (await this.pod(name)) === undefined, `pod ${name} is gone`);
  }

  async events(name: string): Promise<string[]> {
    const { items } = await this.api.list<KubeObject & { reason: string; involvedObject: { name: string } }>(
      resource.events,
      { namespace: 'default' },
    );
    return items.filter((event) => event.involvedObject.name === name).map(({ reason }) => reason);
  }

  /** What a container has written so far, from the node's own log file. */
  async log(name: string, container = 'main', query = ''): Promise<string> {
    const { body } = await this.api.raw(
      'GET',
      `/api/v1/namespaces/default/pods/${name}/log?container=${container}${query}`,
    );
    return body;
  }

  async until(holds: () => boolean | Promise<boolean>, what: string | (() => string), ms = settleMs): Promise<void> {
    const deadline = performance.now() + ms;
    while (!(await holds())) {
      if (performance.now() > deadline) {
        throw new Error(
          `not within ${ms} ms: ${typeof what === 'string' ? what : what()}\n${this.output.slice(-2000)}`,
        );
      }
      await delay(40);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.endNode('SIGKILL');
    await killPods(this.settings.root);
    await this.api[Symbol.asyncDispose]();
    await this.#again?.close();
    await this.server.close().catch(() => undefined);
    // A server that was stopped by a test cannot be closed again, and leaves its state to us.
    await rm(this.server.directory, { recursive: true, force: true });
    await rm(this.directory, { recursive: true, force: true });
  }
}
