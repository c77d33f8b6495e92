import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { parse } from 'yaml';
import type { Cluster } from '../../api/generated/cluster.ts';
import { createKubeClient } from '../../kube/client.ts';
import type { EventMessage } from '../../kube/events.ts';
import type { Job, Lease, Node, PersistentVolumeClaim, Pod } from '../../kube/objects.ts';
import type { KubeApi } from '../../kube/port.ts';
import { resource } from '../../kube/resource-types.ts';
import { Store } from '../../kube/store.ts';
import type { KubeObject, ResourceType } from '../../kube/types.ts';
import type { KubeConnection } from '../../kube/connection.ts';
import { createAuthority } from '../../pki/x509.ts';
import type { InstanceStatus, StatusAnswer, VolumeStatus } from '../cluster/instance-status.ts';
import type { OwnedObjects } from '../cluster/owned-objects.ts';
import { reconcileCluster } from '../cluster/phases/reconcile.ts';
import type { OperatorIdentity } from '../cluster/identity.ts';
import { annotation } from '../../labels.ts';
import { isFenced } from '../../fencing.ts';
import type { LeaseRecord } from '../../../state-machines/protocol/types.ts';
import { parseConfiguration } from '../config.ts';

const crdDirectory = path.join(import.meta.dirname, '../../../crds');

export interface TestPlatform extends AsyncDisposable {
  readonly api: KubeApi;
}

/** What tests start: the embedded API server's helper fits. */
export type StartServer = () => Promise<{ readonly adminConnection: KubeConnection; close(): Promise<void> }>;

/** An API server of its own with our kinds installed. */
export async function startPlatform(startApiServer: StartServer): Promise<TestPlatform> {
  const server = await startApiServer();
  const api = createKubeClient(server.adminConnection);
  for (const file of await readdir(crdDirectory)) {
    const crd = parse(await readFile(path.join(crdDirectory, file), 'utf8')) as KubeObject;
    await api.create(resource.customResourceDefinitions, crd);
  }
  return {
    api,
    [Symbol.asyncDispose]: async () => {
      await api[Symbol.asyncDispose]();
      await server.close();
    },
  };
}

export interface TestClusterOptions {
  readonly name: string;
  readonly instances?: number;
  readonly spec?: Partial<Cluster['spec']>;
}

export const aCluster = ({ name, instances = 3, spec = {} }: TestClusterOptions): Cluster => ({
  apiVersion: 'postgresql.cnpg.io/v1',
  kind: 'Cluster',
  metadata: { name, namespace: 'default' },
  spec: { instances, storage: { size: '1Gi' }, ...spec },
});

/** One Cluster, its reconciler, and something that does what kubelet, Job controller and instance managers would. */
export class TestCluster {
  readonly api: KubeApi;
  readonly name: string;
  readonly events: EventMessage[] = [];
  /** Instances whose pods never become ready. */
  readonly stuck = new Set<string>();
  /** Jobs, by name, that fail for good, and what their pods say. */
  readonly failing = new Map<string, string>();
  readonly statuses = new Map<string, InstanceStatus>();
  /** What instances say of their volumes, by instance. */
  readonly volumes = new Map<string, VolumeStatus[]>();
  readonly nodes = new Store<Node>();
  /** Managers that do not answer, and change nothing. */
  readonly silent = new Set<string>();
  now = new Date();
  readonly #identity: OperatorIdentity;

  private constructor(api: KubeApi, name: string, identity: OperatorIdentity) {
    this.api = api;
    this.name = name;
    this.#identity = identity;
  }

  static async create(api: KubeApi, options: TestClusterOptions): Promise<TestCluster> {
    await api.create(resource.clusters, aCluster(options));
    const identity = { ...(await createAuthority('operator', 1, new Date())), fingerprint: 'f00d' };
    return new TestCluster(api, options.name, identity);
  }

  get key(): { namespace: string; name: string } {
    return { namespace: 'default', name: this.name };
  }

  async cluster(): Promise<Cluster> {
    const found = await this.api.get<Cluster>(resource.clusters, this.key);
    if (found === undefined) throw new Error(`no Cluster ${this.name}`);
    return found;
  }

  async list<T extends KubeObject>(type: ResourceType): Promise<T[]> {
    const labelSelector = `cnpg.io/cluster=${this.name}`;
    return (await this.api.list<T>(type, { namespace: 'default', labelSelector })).items;
  }

  async names(type: ResourceType): Promise<string[]> {
    return (await this.list(type)).map(({ metadata }) => metadata?.name ?? '').sort();
  }

  async patchSpec(spec: object): Promise<void> {
    await this.api.patch(resource.clusters, this.key, { spec });
  }

  async #owned(): Promise<OwnedObjects> {
    const store = async <T extends KubeObject>(type: ResourceType): Promise<Store<T>> => {
      const filled = new Store<T>();
      for (const object of await this.list<T>(type)) filled.set(object);
      return filled;
    };
    return {
      services: await store(resource.services),
      serviceAccounts: await store(resource.serviceAccounts),
      roles: await store(resource.roles),
      roleBindings: await store(resource.roleBindings),
      budgets: await store(resource.podDisruptionBudgets),
      leases: await store(resource.leases),
      nodes: this.nodes,
    };
  }

  /** One reconciliation, through `api` when given (to make it fail). */
  async reconcile(api: KubeApi = this.api): Promise<void> {
    await reconcileCluster(
      {
        api,
        owned: await this.#owned(),
        configuration: parseConfiguration({ OPERATOR_IMAGE_NAME: 'howdah:test' }, 'test'),
        identity: this.#identity,
        log: pino({ level: 'silent' }),
        emit: (_about, event) => this.events.push(event),
        now: () => this.now,
        readStatus: ({ address }) => Promise.resolve(this.#answer(address)),
      },
      this.key,
      AbortSignal.timeout(60_000),
    );
  }

  #answer(address: string): StatusAnswer {
    const status = this.statuses.get(address);
    return status === undefined ? { ok: false, error: 'no answer' } : { ok: true, status };
  }

  async #runJob(job: Job): Promise<void> {
    const name = job.metadata?.name ?? '';
    if (job.status?.conditions !== undefined) return;
    const message = this.failing.get(name);
    const at = this.now.toISOString();
    const condition = { type: message === undefined ? 'Complete' : 'Failed', status: 'True', lastTransitionTime: at };
    const status = { conditions: [condition], ...(message === undefined ? { succeeded: 1 } : { failed: 7 }) };
    if (message !== undefined) await this.#failedPod(job, message);
    await this.api.patchStatus(resource.jobs, { namespace: 'default', name }, { status });
  }

  async #failedPod(job: Job, message: string): Promise<void> {
    const name = `${job.metadata?.name ?? ''}-x`;
    const uid = job.metadata?.uid ?? '';
    const owner = { apiVersion: 'batch/v1', kind: 'Job', name: job.metadata?.name ?? '', uid, controller: true };
    await this.api.create<Pod>(resource.pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', labels: job.metadata?.labels ?? {}, ownerReferences: [owner] },
      spec: { containers: [{ name: 'x', image: 'x' }] },
    });
    const terminated = { exitCode: 1, message, finishedAt: this.now.toISOString() };
    const status = {
      phase: 'Failed',
      containerStatuses: [
        { name: 'x', image: 'x', imageID: 'x', ready: false, restartCount: 0, state: { terminated } },
      ],
    };
    await this.api.patchStatus(resource.pods, { namespace: 'default', name }, { status });
  }

  async #runPod(pod: Pod, cluster: Cluster): Promise<void> {
    const name = pod.metadata?.name ?? '';
    const serial = Number(pod.metadata?.annotations?.['cnpg.io/nodeSerial'] ?? 0);
    if (serial === 0 || this.stuck.has(name)) return;
    const podIP = `10.0.0.${serial}`;
    if (this.silent.has(name) || isFenced(cluster, name)) {
      this.statuses.delete(podIP);
      return;
    }
    const isPrimary = cluster.status?.targetPrimary === name;
    this.statuses.set(podIP, {
      ...{ isPrimary, systemID: '42', timeLineID: 1, currentLsn: '0/5000000', volumes: this.volumes.get(name) ?? [] },
      replicationInfo: (cluster.status?.instanceNames ?? [])
        .filter((other) => isPrimary && other !== name)
        .map((applicationName) => ({ applicationName, state: 'streaming', flushLsn: '0/5000000' })),
    });
    if (isPrimary) await this.#lead(name, cluster);
    await this.api.patchStatus(
      resource.pods,
      { namespace: 'default', name },
      {
        status: {
          phase: 'Running',
          podIP,
          conditions: [{ type: 'Ready', status: 'True' }],
          containerStatuses: [
            {
              name: 'postgres',
              image: 'x',
              imageID: 'x',
              restartCount: 0,
              ready: true,
              containerID: `test://${pod.metadata?.uid ?? ''}`,
              state: { running: {} },
            },
          ],
        },
      },
    );
    if (isPrimary && cluster.status?.currentPrimary !== name) {
      await this.api.patchStatus(resource.clusters, this.key, { status: { currentPrimary: name } });
    }
  }

  /** What the manager of a primary does with the lease: takes it, and lists who is there. */
  async #lead(instance: string, cluster: Cluster): Promise<void> {
    const lease = await this.api.get<Lease>(resource.leases, this.key);
    if (lease === undefined) return;
    const before = JSON.parse(lease.metadata?.annotations?.[annotation.lease] ?? '{}') as Partial<LeaseRecord>;
    const members = (cluster.status?.instanceNames ?? []).map((name) => ({
      instance: name,
      incarnation: name,
      address: '',
    }));
    const epoch = (before.epoch ?? 0) + (before.holder?.instance === instance ? 0 : 1);
    const record = { epoch, holder: { instance, incarnation: instance }, members, configurations: [] };
    await this.api.patch(resource.leases, this.key, {
      metadata: { annotations: { [annotation.lease]: JSON.stringify(record) } },
      spec: { holderIdentity: instance },
    });
  }

  /** What everything but the operator does in a moment. */
  async moment(): Promise<void> {
    for (const job of await this.list<Job>(resource.jobs)) await this.#runJob(job);
    const cluster = await this.cluster();
    for (const pod of await this.list<Pod>(resource.pods)) await this.#runPod(pod, cluster);
  }

  /** Reconciles and lets time pass until the cluster is as wanted; throws with its state when it does not get there. */
  async until(wanted: (cluster: Cluster) => boolean | Promise<boolean>, turns = 40): Promise<Cluster> {
    for (let turn = 0; turn < turns; turn++) {
      await this.reconcile();
      const cluster = await this.cluster();
      if (await wanted(cluster)) return cluster;
      await this.moment();
    }
    const { phase, phaseReason } = (await this.cluster()).status ?? {};
    throw new Error(`${this.name} did not get there: ${phase ?? ''}: ${phaseReason ?? ''}`);
  }

  async claims(): Promise<PersistentVolumeClaim[]> {
    return this.list<PersistentVolumeClaim>(resource.persistentVolumeClaims);
  }

  /** What there is of the cluster, in terms that are equal whenever two clusters are in the same state. */
  async shape(): Promise<object> {
    const cluster = await this.cluster();
    const strip = (names: string[]): string[] => names.map((name) => name.replace(this.name, 'c'));
    const types = [
      resource.pods,
      resource.persistentVolumeClaims,
      resource.jobs,
      resource.services,
      resource.secrets,
      resource.roles,
      resource.roleBindings,
      resource.serviceAccounts,
      resource.podDisruptionBudgets,
      resource.leases,
    ];
    const objects = await Promise.all(types.map(async (type) => [type.plural, strip(await this.names(type))]));
    const { phase, instances, readyInstances, instanceNames = [], conditions = [] } = cluster.status ?? {};
    // What was decided on the way depends on the way.
    const lasting = conditions.filter(({ type }) => !type.startsWith('howdah.dev/'));
    const readiness = Object.fromEntries(lasting.map(({ type, status }) => [type, status]));
    return {
      objects: Object.fromEntries(objects) as object,
      phase,
      instances,
      readyInstances,
      instanceNames: strip(instanceNames),
      readiness,
    };
  }
}

export const isHealthy = ({ status }: Cluster): boolean => status?.phase === 'Cluster in healthy state';
