// What Kubernetes itself does about the objects of a cluster: a machine for each instance, nodes that are heard of no more, Jobs that
// copy the primary, volumes that go when nobody uses them.
import type { Cluster } from '../../../api/generated/cluster.ts';
import type { Job, PersistentVolumeClaim, Pod } from '../../../kube/objects.ts';
import { resource } from '../../../kube/resource-types.ts';
import { label } from '../../../labels.ts';
import type { Machine } from '../machine.ts';
import { clusterKey, namespace } from '../names.ts';
import { copyData, type World } from '../world.ts';
import { Kubelet } from './kubelet.ts';

/** Milliseconds. */
const lookEvery = 250;
/** A node that is not heard of for so long is taken for gone: a tenth of the usual. */
const nodeTimeout = 4000;

const instanceOf = ({ metadata }: { metadata?: { labels?: Record<string, string> } }): string =>
  metadata?.labels?.[label.instanceName] ?? '';

export class Controllers {
  readonly #world: World;
  readonly #onMachine: (machine: Machine) => void;
  readonly #kept = new Set<Machine>();
  readonly #heard = new Map<string, number>();
  /** When a Job's copy begins, by the Job's uid. */
  readonly #copies = new Map<string, number>();

  constructor(world: World, onMachine: (machine: Machine) => void) {
    this.#world = world;
    this.#onMachine = onMachine;
    for (const machine of world.machines) this.#keep(machine);
    const look = (): void => {
      if (!world.api.down) this.#look();
      world.scheduler.after(lookEvery, look);
    };
    world.scheduler.after(0, look);
  }

  #keep(machine: Machine): void {
    this.#kept.add(machine);
    new Kubelet(this.#world, machine);
  }

  #machine(name: string): Machine {
    const found = this.#world.machines.find((machine) => machine.name === name);
    if (found) return found;
    const made = this.#world.addMachine(name);
    this.#keep(made);
    this.#onMachine(made);
    return made;
  }

  #list<T>(type: (typeof resource)[keyof typeof resource]): T[] {
    return this.#world.api.store.list(type, namespace) as unknown as T[];
  }

  #look(): void {
    for (const pod of this.#list<Pod>(resource.pods)) this.#watchNode(pod);
    for (const job of this.#list<Job>(resource.jobs)) this.#runJob(job);
    for (const claim of this.#list<PersistentVolumeClaim>(resource.persistentVolumeClaims)) this.#endClaim(claim);
  }

  #watchNode(pod: Pod): void {
    const { api, scheduler } = this.#world;
    const name = pod.metadata?.name ?? '';
    const { on, paused } = this.#machine(name);
    if (on && !paused && !api.cutOff.has(name)) this.#heard.set(name, scheduler.now);
    const [ready] = pod.status?.conditions ?? [];
    if (scheduler.now - (this.#heard.get(name) ?? scheduler.now) < nodeTimeout || ready?.status !== 'True') return;
    const status = { conditions: [{ type: 'Ready', status: 'Unknown' }] };
    api.store.patch(resource.pods, { namespace, name }, { status }, 'status');
  }

  #runJob(job: Job): void {
    const { scheduler, random, api } = this.#world;
    const { uid = '', name = '' } = job.metadata ?? {};
    const machine = this.#machine(instanceOf(job));
    if (job.status?.conditions !== undefined || !machine.on || machine.paused || machine.running) return;
    const at = this.#copies.get(uid) ?? scheduler.now + random.between(300, 1500);
    this.#copies.set(uid, at);
    const { currentPrimary } = (api.store.get(resource.clusters, clusterKey) as unknown as Cluster).status ?? {};
    const primary = this.#world.machines.find((candidate) => candidate.name === currentPrimary);
    if (at > scheduler.now || !primary?.postgres?.serves || !primary.connected(machine.name)) return;
    machine.files.removeTree(machine.data);
    copyData(primary, machine.files, machine.data);
    machine.layOut();
    machine.note(`a new volume, copied from ${primary.name}`);
    const status = { succeeded: 1, conditions: [{ type: 'Complete', status: 'True' }] };
    api.store.patch(resource.jobs, { namespace, name }, { status }, 'status');
  }

  /** A volume that was deleted goes when neither a pod nor a Job uses it. */
  #endClaim(claim: PersistentVolumeClaim): void {
    if (claim.metadata?.deletionTimestamp === undefined) return;
    const instance = instanceOf(claim);
    const machine = this.#machine(instance);
    const { store } = this.#world.api;
    const used =
      store.get(resource.pods, { namespace, name: instance }) !== undefined ||
      this.#list<Job>(resource.jobs).some((job) => instanceOf(job) === instance);
    if (used || machine.running) return;
    machine.note('its volume is gone');
    machine.files.wipe();
    store.remove(resource.persistentVolumeClaims, { namespace, name: claim.metadata.name ?? '' });
  }
}
