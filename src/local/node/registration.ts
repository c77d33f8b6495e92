import os from 'node:os';
import { readFile, statfs } from 'node:fs/promises';
import { backOffMs, sleep } from '../../kube/back-off.ts';
import { alreadyExists } from '../../kube/errors.ts';
import type { KubeApi } from '../../kube/port.ts';
import { resource } from '../../kube/resource-types.ts';
import type { KubeObject } from '../../kube/types.ts';
import type { Log } from './pod/context.ts';
import type { NodeFacts } from './model/downward.ts';

const leaseNamespace = 'kube-node-lease';
const leaseSeconds = 40;
const callMs = 5_000;
const backOff = { initialMs: 300, maxMs: 5_000 };
/** The version of the Kubernetes API that the platform speaks. */
const kubeletVersion = 'v1.35.0';

interface Timing {
  readonly leaseEveryMs: number;
  readonly statusEveryMs: number;
}
const usual: Timing = { leaseEveryMs: 10_000, statusEveryMs: 60_000 };

interface NodeObject extends KubeObject {
  spec?: object;
  status?: { conditions?: { type: string; status: string; lastTransitionTime?: string }[] };
}

export async function nodeFacts(name: string, address: string, directory: string): Promise<NodeFacts> {
  const { blocks, bsize } = await statfs(directory);
  return {
    name,
    address,
    cpus: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    diskBytes: blocks * bsize,
  };
}

async function operatingSystem(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^PRETTY_NAME="?(.*?)"?$/m.exec(text)?.[1] ?? 'Linux';
}

async function nodeInfo(): Promise<object> {
  const read = async (file: string): Promise<string> => (await readFile(file, 'utf8').catch(() => '')).trim();
  return {
    machineID: await read('/etc/machine-id'),
    systemUUID: '',
    bootID: await read('/proc/sys/kernel/random/boot_id'),
    kernelVersion: os.release(),
    osImage: await operatingSystem(),
    containerRuntimeVersion: 'howdah://0.1.0',
    kubeletVersion,
    kubeProxyVersion: '',
    operatingSystem: 'linux',
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
  };
}

/** Keeps the Node object and its Lease up to date, so that others can tell a node that lives from one that does not. */
export class Registration {
  readonly #api: KubeApi;
  readonly #facts: NodeFacts;
  readonly #port: number;
  readonly #log: Log;
  readonly #timing: Timing;

  constructor(api: KubeApi, facts: NodeFacts, port: number, log: Log, timing: Timing = usual) {
    this.#api = api;
    this.#facts = facts;
    this.#port = port;
    this.#log = log;
    this.#timing = timing;
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#forever(() => this.#register(), this.#timing.statusEveryMs, signal),
      this.#forever(() => this.#renew(), this.#timing.leaseEveryMs, signal),
    ]);
  }

  async #forever(work: () => Promise<void>, everyMs: number, signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted;) {
      try {
        await work();
        failures = 0;
        await sleep(everyMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#log.warn({ error: String(error) }, 'node not registered');
        await sleep(backOffMs(failures++, backOff), signal);
      }
    }
  }

  async #register(): Promise<void> {
    const { name } = this.#facts;
    const options = { signal: AbortSignal.timeout(callMs) };
    let found = await this.#api.get<NodeObject>(resource.nodes, { name }, options);
    if (!found) {
      const labels = { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' };
      const node: NodeObject = { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, spec: {} };
      found = await this.#api.create(resource.nodes, node, options).catch((error: unknown) => {
        if (alreadyExists(error)) return undefined;
        throw error;
      });
    }
    await this.#api.patchStatus(resource.nodes, { name }, { status: await this.#status(found) }, options);
  }

  async #status(found: NodeObject | undefined): Promise<object> {
    const { name, address, cpus, memoryBytes, diskBytes } = this.#facts;
    const now = new Date().toISOString();
    const condition = (type: string, status: string, reason: string, message: string): object => {
      const before = found?.status?.conditions?.find((one) => one.type === type);
      const since = before?.status === status ? before.lastTransitionTime : undefined;
      return { type, status, reason, message, lastHeartbeatTime: now, lastTransitionTime: since ?? now };
    };
    const resources = {
      cpu: String(cpus),
      memory: `${Math.floor(memoryBytes / 1024)}Ki`,
      'ephemeral-storage': `${Math.floor(diskBytes / 1024)}Ki`,
      pods: '254',
    };
    return {
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: this.#port } },
      capacity: resources,
      allocatable: resources,
      nodeInfo: await nodeInfo(),
      conditions: [
        condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'memory is not watched'),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'disk space is not watched'),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'process numbers are not watched'),
        condition('Ready', 'True', 'KubeletReady', 'the node starts processes'),
      ],
    };
  }

  async #renew(): Promise<void> {
    const { name } = this.#facts;
    const options = { signal: AbortSignal.timeout(callMs) };
    const spec = {
      holderIdentity: name,
      leaseDurationSeconds: leaseSeconds,
      renewTime: new Date().toISOString().replace('Z', '000Z'),
    };
    const key = { namespace: leaseNamespace, name };
    if (await this.#api.get(resource.leases, key, options)) {
      await this.#api.patch(resource.leases, key, { spec }, options);
      return;
    }
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: key, spec };
    await this.#api.create<KubeObject & { spec: object }>(resource.leases, lease, options);
  }
}
