import { backOffMs, sleep } from '../../../kube/back-off.ts';
import { isConflict } from '../../../kube/errors.ts';
import { resource } from '../../../kube/resource-types.ts';
import type { ContainerContext } from '../container/exec.ts';
import type { LiveRun } from '../container/live-run.ts';
import { killTree } from '../container/tree.ts';
import type { NodeContext } from './context.ts';
import { PodContainers } from './containers.ts';
import { Deadline } from './deadline.ts';
import { planPod, type Plan, type Waiting } from './plan.ts';
import { removeRecord, saveRecord, type PodRecord } from '../model/records.ts';
import { mergeConditions, nodeShutdown, podStatus, readinessDiffers } from './status.ts';
import { StatusWriter } from './status-writer.ts';
import { isSidecar, podName, type Container, type Pod } from '../model/types.ts';
import { PodVolumes } from './volumes.ts';

const retryMs = { initialMs: 500, maxMs: 10_000 };
const callMs = 10_000;
/** A pod that was taken away by force still gets this long. */
const forcedGraceSeconds = 2;
/** The machine's owner waits for the end of the platform; the longest that one pod may take then. */
const haltGraceSeconds = 40;
const usualGraceSeconds = 30;

/** Everything that happens to one pod on this node, one step at a time, from its first sight to its last trace. */
export class PodWorker {
  readonly record: PodRecord;
  /** Resolves when nothing of the pod is left on this node. */
  readonly gone: Promise<void>;
  readonly #context: NodeContext;
  readonly #status: StatusWriter;
  readonly #volumes: PodVolumes;
  readonly #containers: PodContainers;
  readonly #problems: Record<string, Waiting> = {};
  readonly #closed = new AbortController();
  #markGone: () => void = () => undefined;
  #dirty = false;
  #turning: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #retryAt = 0;
  #saving: Promise<void> = Promise.resolve();
  /** Set when the containers are to end. */
  #deadline: Deadline | undefined;
  #removed = false;
  #halting = false;

  constructor(context: NodeContext, record: PodRecord) {
    this.#context = context;
    this.record = record;
    this.#status = new StatusWriter(context.api, record.pod, context.log);
    this.#volumes = new PodVolumes(context, record);
    this.#containers = new PodContainers(context, record, this.#volumes, {
      changed: () => this.trigger(),
      save: () => this.#save(),
      note: () => void this.#save().catch(() => undefined),
      ending: () => this.#deadline !== undefined,
    });
    this.gone = new Promise((resolve) => (this.#markGone = resolve));
  }

  get pod(): Pod {
    return this.record.pod;
  }

  /** Takes up what an earlier process of this node left, and goes on. */
  async begin(): Promise<void> {
    this.#containers.adopt();
    if (Object.keys(this.record.containers).length > 0) this.#volumes.refreshFromNowOn();
    this.update(this.pod);
    await this.#save();
  }

  /** The pod as the API server has it now. */
  update(pod: Pod): void {
    // While a node was silent others may have called its pods not ready; it knows better.
    if (readinessDiffers(pod, this.pod)) this.#status.overwritten();
    this.record.pod = mergeConditions(pod, this.pod);
    const { deletionTimestamp, deletionGracePeriodSeconds = usualGraceSeconds } = pod.metadata;
    if (deletionTimestamp !== undefined) this.#end(Math.max(deletionGracePeriodSeconds, 1));
    this.trigger();
  }

  /** The pod is no longer in the API server. */
  remove(): void {
    this.#removed = true;
    this.#status.close();
    const { deletionGracePeriodSeconds = forcedGraceSeconds } = this.pod.metadata;
    this.#end(this.#deadline ? forcedGraceSeconds : deletionGracePeriodSeconds);
    this.trigger();
  }

  /** Leaves the pod's processes alone and forgets it: the node's process ends. */
  async release(): Promise<void> {
    this.#closed.abort();
    clearTimeout(this.#timer);
    // What is being refreshed may stay: the files are kept.
    void this.#volumes.close();
    this.#status.close();
    await this.#containers.release();
    await this.#saving;
  }

  /** Ends the containers in good order, keeps the pod for the next start of the node, and lets go of it. */
  async halt(): Promise<void> {
    const grace = this.pod.spec.terminationGracePeriodSeconds ?? usualGraceSeconds;
    const longest = Math.min(haltGraceSeconds, grace);
    const deadline = (this.#deadline ??= new Deadline(longest));
    // One that is being deleted may have been given half an hour.
    deadline.shorten(longest);
    await this.#turning;
    // What the containers end with is told when the node is back, together with the reason.
    this.#halting = true;
    const { names } = this.#containers;
    const before = planPod(this.record, this.#context.now().getTime());
    await Promise.all(names.map((name) => this.#containers.stop(name, deadline)));
    const after = planPod(this.record, this.#context.now().getTime());
    if (before.outcome === undefined && after.outcome === 'Failed') this.record.failed ??= nodeShutdown;
    for (const name of names) {
      const record = this.record.containers[name];
      if (record) record.backOff = 0;
    }
    await this.#save();
    await this.release();
  }

  /** The live run of a container, for logs and exec. */
  live(container: string): LiveRun | undefined {
    return this.#containers.live(container);
  }

  containerDirectory(container: string, attempt: number): string {
    return this.#context.directory.container(this.pod.metadata.uid, container, attempt);
  }

  containerContext(container: string): Promise<ContainerContext> {
    return this.#containers.contextOf(container);
  }

  trigger(): void {
    this.#dirty = true;
    this.#turning ??= this.#turns().finally(() => (this.#turning = undefined));
  }

  async #turns(): Promise<void> {
    while (this.#dirty && !this.#closed.signal.aborted) {
      this.#dirty = false;
      try {
        await this.#turn();
      } catch (error) {
        this.#warn(error, 'pod not brought forward');
        this.#later();
      }
    }
  }

  async #turn(): Promise<void> {
    if (this.#halting) return;
    const now = this.#context.now().getTime();
    this.#checkActiveDeadline(now);
    let plan = planPod(this.record, now);
    const mayTry = now >= this.#retryAt;
    if (mayTry) this.#retryAt = 0;
    if (!this.#deadline && plan.outcome === undefined && plan.start.length > 0 && mayTry) {
      await this.#startAll(plan.start);
      await this.#save();
      plan = planPod(this.record, this.#context.now().getTime());
    }
    const grace = this.pod.spec.terminationGracePeriodSeconds ?? usualGraceSeconds;
    for (const name of plan.end) void this.#containers.stop(name, this.#deadline ?? new Deadline(grace));
    if (!this.#deadline) this.#wakeAt(plan.wakeAt);
    this.#publish(plan);
  }

  async #startAll(containers: readonly Container[]): Promise<void> {
    const unmounted = await this.#volumes.mount();
    if (unmounted !== undefined) this.#context.events.warning(this.pod, 'FailedMount', unmounted);
    const problems = await Promise.all(
      containers.map(async (container) => ({
        name: container.name,
        problem:
          unmounted === undefined
            ? await this.#containers.start(container)
            : { reason: 'ContainerCreating', message: unmounted },
      })),
    );
    for (const { name, problem } of problems) {
      if (problem) this.#problems[name] = problem;
      else delete this.#problems[name];
    }
    if (problems.some(({ problem }) => problem)) this.#later();
    else this.#failures = 0;
  }

  #wakeAt(at = Infinity): void {
    clearTimeout(this.#timer);
    // Also when it has passed just now: the turn that a timer caused a millisecond early has done nothing.
    const retryAt = this.#retryAt === 0 ? Infinity : this.#retryAt;
    const due = Math.min(at, retryAt, this.#activeUntil());
    if (due !== Infinity) this.#timer = setTimeout(() => this.trigger(), Math.max(10, due - Date.now()));
  }

  #later(): void {
    this.#retryAt = Date.now() + backOffMs(this.#failures++, retryMs);
    this.#wakeAt();
  }

  #activeUntil(): number {
    const { activeDeadlineSeconds } = this.pod.spec;
    if (activeDeadlineSeconds === undefined || this.record.failed) return Infinity;
    return Date.parse(this.record.startTime) + activeDeadlineSeconds * 1000;
  }

  #checkActiveDeadline(now: number): void {
    if (now < this.#activeUntil() || planPod(this.record, now).outcome) return;
    const message = 'Pod was active on the node longer than the specified deadline';
    this.record.failed = { reason: 'DeadlineExceeded', message };
    this.#context.events.normal(this.pod, 'DeadlineExceeded', message);
  }

  /** Begins the end of the pod, or brings it nearer. */
  #end(graceSeconds: number): void {
    if (this.record.terminatingSince !== undefined && this.#deadline) {
      this.#deadline.shorten(graceSeconds);
      return;
    }
    this.#deadline = new Deadline(graceSeconds);
    this.record.terminatingSince ??= this.#context.now().toISOString();
    this.#terminate(this.#deadline).catch((error: unknown) => this.#warn(error, 'pod not ended'));
  }

  async #terminate(deadline: Deadline): Promise<void> {
    await this.#turning;
    const { initContainers = [], containers } = this.pod.spec;
    const sidecars = initContainers.filter(isSidecar).map(({ name }) => name);
    const others = [...containers, ...initContainers]
      .map(({ name }) => name)
      .filter((name) => !sidecars.includes(name));
    await Promise.all(others.map((name) => this.#containers.stop(name, deadline)));
    for (const name of sidecars.reverse()) await this.#containers.stop(name, deadline);
    if (this.#closed.signal.aborted) return;
    await killTree({ marker: this.pod.metadata.uid, directories: this.#volumes.directories });
    clearTimeout(this.#timer);
    this.#publish(planPod(this.record, this.#context.now().getTime()));
    await this.#status.settled();
    await this.#deleteFromApi();
    if (!this.#closed.signal.aborted) await this.#forget();
  }

  async #forget(): Promise<void> {
    this.#closed.abort();
    this.#status.close();
    await this.#volumes.close();
    await this.#saving;
    await removeRecord(this.#context.directory, this.pod.metadata.uid);
    this.#context.addresses.release(this.record.ip);
    this.#markGone();
  }

  /** The node's word that nothing of the pod runs any more. */
  async #deleteFromApi(): Promise<void> {
    const { name, namespace, uid } = this.pod.metadata;
    for (let attempt = 0; !this.#removed && !this.#closed.signal.aborted; attempt++) {
      try {
        const signal = AbortSignal.any([this.#closed.signal, AbortSignal.timeout(callMs)]);
        const options = { gracePeriodSeconds: 0, preconditions: { uid }, signal };
        await this.#context.api.delete(resource.pods, { namespace, name }, options);
        return;
      } catch (error) {
        if (isConflict(error)) return;
        this.#warn(error, 'pod not deleted');
        await sleep(backOffMs(attempt, retryMs), this.#closed.signal);
      }
    }
  }

  #publish(plan: Plan): void {
    const { facts, now } = this.#context;
    const problems = this.#problems;
    const status = podStatus({ record: this.record, plan, problems, nodeAddress: facts.address, now: now() });
    this.record.pod = { ...this.pod, status: { ...this.pod.status, ...status } };
    if (!this.#removed) this.#status.publish(status);
  }

  #save(): Promise<void> {
    const saved = this.#saving.then(() =>
      this.#closed.signal.aborted ? undefined : saveRecord(this.#context.directory, this.record),
    );
    this.#saving = saved.catch((error: unknown) => this.#warn(error, 'pod record not written'));
    return saved;
  }

  #warn(error: unknown, message: string): void {
    this.#context.log.warn({ pod: podName(this.pod), error: String(error) }, message);
  }
}
