// A kubelet: runs the container of the pod that its machine has, ends the one that is deleted, probes, and says how it is.
import type { Pod } from '../../../kube/objects.ts';
import { resource } from '../../../kube/resource-types.ts';
import { container } from '../../../naming.ts';
import type { Machine } from '../machine.ts';
import { namespace } from '../names.ts';
import { serveRequest } from '../serve-request.ts';
import type { World } from '../world.ts';

/** Milliseconds. The probe's period is a tenth of what it is by default, as the cluster's lease is shorter, too. */
const lookEvery = 200;
const probeEvery = 1000;
const probeTimeout = 1000;
const failureThreshold = 3;

export class Kubelet {
  readonly #world: World;
  readonly #machine: Machine;
  #ready = false;
  #failures = 0;
  #probed = -Infinity;
  #startAt: number | undefined;
  #killAt: number | undefined;

  constructor(world: World, machine: Machine) {
    this.#world = world;
    this.#machine = machine;
    machine.kept = true;
    const look = (): void => {
      if (machine.on && !machine.paused) this.#look();
      world.scheduler.after(lookEvery, look);
    };
    world.scheduler.after(world.random.between(0, lookEvery), look);
  }

  get #key(): { namespace: string; name: string } {
    return { namespace, name: this.#machine.name };
  }

  #look(): void {
    const { api, scheduler } = this.#world;
    const { running, name } = this.#machine;
    if (!running) this.#ready = false;
    else if (scheduler.now - this.#probed >= probeEvery) this.#probe();
    if (!api.down && !api.cutOff.has(name)) this.#sync();
    else if (!running && !this.#machine.leaving) this.#startSoon();
  }

  #sync(): void {
    const machine = this.#machine;
    const { store } = this.#world.api;
    const pod = store.get(resource.pods, this.#key) as Pod | undefined;
    if (machine.podUid !== undefined && machine.podUid !== pod?.metadata?.uid) this.#forget();
    if (!pod) return;
    if (pod.metadata?.deletionTimestamp !== undefined) return this.#end(pod);
    if (machine.podUid === undefined) {
      machine.podUid = pod.metadata?.uid;
      machine.ip = this.#world.newAddress();
    }
    if (!machine.running) this.#startSoon();
    this.#say(pod);
  }

  /** Its pod is there no more. */
  #forget(): void {
    this.#machine.killContainer();
    this.#machine.podUid = undefined;
    this.#machine.leaving = false;
    this.#ready = false;
    this.#startAt = undefined;
    this.#killAt = undefined;
  }

  #end(pod: Pod): void {
    const machine = this.#machine;
    const { scheduler, api } = this.#world;
    if (!machine.running || machine.podUid === undefined) {
      this.#forget();
      api.store.remove(resource.pods, this.#key);
      return;
    }
    const grace = (pod.metadata?.deletionGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000;
    if (this.#killAt === undefined) {
      machine.note('the pod is to end');
      machine.leaving = true;
      machine.terminate();
      this.#killAt = scheduler.now + grace;
    } else if (scheduler.now > this.#killAt) machine.killContainer();
    this.#say(pod);
  }

  #startSoon(): void {
    const { scheduler, random } = this.#world;
    const machine = this.#machine;
    if (this.#startAt !== undefined || machine.podUid === undefined) return;
    this.#startAt = scheduler.now + random.between(100, 1500);
    scheduler.at(this.#startAt, () => {
      this.#startAt = undefined;
      this.#failures = 0;
      if (machine.on && !machine.paused) machine.startContainer();
    });
  }

  #probe(): void {
    const { scheduler } = this.#world;
    const { manager } = this.#machine;
    this.#probed = scheduler.now;
    let answered = false;
    const take = (ok: boolean): void => {
      if (answered || !this.#machine.running) return;
      answered = true;
      this.#failures = ok ? 0 : this.#failures + 1;
      if (ok) this.#ready = true;
      else if (this.#failures >= failureThreshold) this.#ready = false;
    };
    const ask = (): void => {
      const call = { method: 'GET', path: '/readyz', body: '' };
      void serveRequest(manager?.program.routes(), call).then(({ status }) => take(status === 200));
    };
    if (manager) scheduler.after(0, ask, manager.process);
    scheduler.after(probeTimeout, () => take(false));
  }

  #say(pod: Pod): void {
    const { ip, running, name } = this.#machine;
    const ready = this.#ready && running;
    const state = running ? { running: {} } : { waiting: {} };
    const status = {
      ...{ phase: 'Running', podIP: ip, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
      containerStatuses: [{ name: container.postgres, ready, started: ready, restartCount: 0, state }],
    };
    const { store } = this.#world.api;
    if (pod.spec?.nodeName === undefined) {
      store.patch(resource.pods, this.#key, { spec: { nodeName: `node-${name}` } }, 'all');
    }
    if (JSON.stringify(pod.status) === JSON.stringify(status)) return;
    store.patch(resource.pods, this.#key, { status }, 'status');
  }
}
