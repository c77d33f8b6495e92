import { Reflector } from '../../../kube/reflector.ts';
import { resource } from '../../../kube/resource-types.ts';
import type { NodeContext } from './context.ts';
import { loadRecords, type PodRecord } from '../model/records.ts';
import { podName, type Pod } from '../model/types.ts';
import { PodWorker } from './worker.ts';

const callMs = 10_000;

/** All pods of a node: those that the API server binds to it, and those that an earlier process of the node left running. */
export class PodManager {
  readonly #context: NodeContext;
  /** By uid. */
  readonly #workers = new Map<string, PodWorker>();
  /** The newest wish for a pod whose predecessor of the same name has not gone yet. By uid. */
  readonly #queued = new Map<string, Pod>();
  #closed = false;

  constructor(context: NodeContext) {
    this.#context = context;
  }

  /** Takes up the pods on disk, then follows the API server until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const records = await loadRecords(this.#context.directory);
    for (const { ip } of records) this.#context.addresses.keep(ip);
    await Promise.all(records.map((record) => this.#adopt(record)));
    const pods = new Reflector<Pod>(this.#context.api, resource.pods, {
      fieldSelector: `spec.nodeName=${this.#context.facts.name}`,
    });
    pods.on('change', (change) => {
      if (change.type === 'deleted') this.#remove(change.object.metadata.uid);
      else this.#take(change.object);
    });
    pods.on('failed', (error) => this.#context.log.warn({ error: String(error) }, 'pods not followed'));
    // Only what a complete list does not name has been deleted meanwhile; an API server that is away says nothing.
    pods.once('synced', () => {
      const known = new Set(pods.store.list().map(({ metadata }) => metadata.uid));
      for (const uid of this.#workers.keys()) if (!known.has(uid)) this.#remove(uid);
    });
    await pods.run(signal);
    this.#closed = true;
  }

  /** Lets go of all pods and leaves their processes running. After `run`. */
  async release(): Promise<void> {
    await Promise.all([...this.#workers.values()].map((worker) => worker.release()));
  }

  /** Ends all containers in good order and keeps the pods, for the next start of this node. After `run`. */
  async halt(): Promise<void> {
    await Promise.all([...this.#workers.values()].map((worker) => worker.halt()));
  }

  /** The pod of a name that runs here. */
  find(namespace: string, name: string): PodWorker | undefined {
    return [...this.#workers.values()].find(
      ({ pod: { metadata } }) => metadata.namespace === namespace && metadata.name === name,
    );
  }

  async #adopt(record: PodRecord): Promise<void> {
    const worker = this.#add(record);
    this.#context.log.info({ pod: podName(record.pod) }, 'pod taken up');
    await worker.begin();
  }

  #add(record: PodRecord): PodWorker {
    const worker = new PodWorker(this.#context, record);
    const { uid } = record.pod.metadata;
    this.#workers.set(uid, worker);
    void worker.gone.then(() => {
      this.#workers.delete(uid);
      for (const pod of [...this.#queued.values()]) {
        this.#queued.delete(pod.metadata.uid);
        this.#take(pod);
      }
    });
    return worker;
  }

  #take(pod: Pod): void {
    const { uid, namespace, name, deletionTimestamp } = pod.metadata;
    const worker = this.#workers.get(uid);
    if (worker) {
      worker.update(pod);
      return;
    }
    // Two pods of one name share nothing but the name, yet a volume may pass from one to the other: one after the other.
    if (this.find(namespace, name)) {
      this.#queued.set(uid, pod);
      this.find(namespace, name)?.remove();
      return;
    }
    const done = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    if (deletionTimestamp !== undefined) void this.#confirmDeletion(pod);
    else if (!done) void this.#create(pod);
  }

  #remove(uid: string): void {
    this.#queued.delete(uid);
    this.#workers.get(uid)?.remove();
  }

  async #create(pod: Pod): Promise<void> {
    if (this.#closed) return;
    try {
      const ip = this.#context.addresses.take();
      const startTime = this.#context.now().toISOString();
      await this.#add({ pod, ip, startTime, containers: {}, volumes: {} }).begin();
    } catch (error) {
      this.#workers.delete(pod.metadata.uid);
      this.#context.log.warn({ pod: podName(pod), error: String(error) }, 'pod not accepted');
      this.#context.events.warning(pod, 'FailedCreatePodSandBox', String(error));
    }
  }

  /** A pod that was deleted before it ever ran here, or that this node has ended already. */
  async #confirmDeletion(pod: Pod): Promise<void> {
    const { namespace, name, uid } = pod.metadata;
    const options = { gracePeriodSeconds: 0, preconditions: { uid }, signal: AbortSignal.timeout(callMs) };
    await this.#context.api
      .delete(resource.pods, { namespace, name }, options)
      .catch((error: unknown) =>
        this.#context.log.warn({ pod: podName(pod), error: String(error) }, 'pod not deleted'),
      );
  }
}
