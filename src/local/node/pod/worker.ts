import { setTimeout as delay } from 'node:timers/promises';
import { backOffMs, sleep } from '../../../kube/back-off.ts';
import { isConflict } from '../../../kube/errors.ts';
import { resource } from '../../../kube/resource-types.ts';
import { shimContext, type ContainerContext } from '../container/exec.ts';
import { LiveRun } from '../container/live-run.ts';
import type { ExitFile } from '../container/observe.ts';
import { killTree } from '../container/tree.ts';
import type { NodeContext } from '../context.ts';
import { check } from '../probes/check.ts';
import { runProbes } from '../probes/prober.ts';
import { isProjection } from '../volumes/sources.ts';
import { mountVolume, releaseVolumes } from '../volumes/mount.ts';
import { Deadline } from './deadline.ts';
import type { PodFacts } from './downward.ts';
import { LaunchError, marker, prefixerOf, prepareLaunch } from './launch.ts';
import { nextBackOff, planPod, type Plan, type Waiting } from './plan.ts';
import { removeRecord, saveRecord, type PodRecord, type Run } from './records.ts';
import { podStatus } from './status.ts';
import { StatusWriter } from './status-writer.ts';
import { allContainers, isSidecar, podName, type Container, type Handler, type Pod } from './types.ts';

const retryMs = { initialMs: 500, maxMs: 10_000 };
const callMs = 10_000;
/** A pod that was taken away by force still gets this long. */
const forcedGraceSeconds = 2;
/** The machine's owner waits for the end of the platform; the longest that one pod may take then. */
const haltGraceSeconds = 40;

interface Live {
  readonly run: LiveRun;
  readonly stopProbes: AbortController;
  readonly finished: Promise<void>;
  stopping?: Promise<void>;
}

/** Everything that happens to one pod on this node, one step at a time, from its first sight to its last trace. */
export class PodWorker {
  readonly record: PodRecord;
  /** Resolves when nothing of the pod is left on this node. */
  readonly gone: Promise<void>;
  readonly #context: NodeContext;
  readonly #status: StatusWriter;
  readonly #live = new Map<string, Live>();
  readonly #problems: Record<string, Waiting> = {};
  readonly #volumes = new Map<string, string>();
  readonly #closed = new AbortController();
  #markGone: () => void = () => undefined;
  #dirty = false;
  #turning: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #refresh: NodeJS.Timeout | undefined;
  #failures = 0;
  #retryAt = 0;
  #saving: Promise<void> = Promise.resolve();
  /** Set when the pod is to end. */
  #deadline: Deadline | undefined;
  #removed = false;

  constructor(context: NodeContext, record: PodRecord) {
    this.#context = context;
    this.record = record;
    this.#status = new StatusWriter(context.api, record.pod, context.log);
    this.gone = new Promise((resolve) => (this.#markGone = resolve));
  }

  get pod(): Pod {
    return this.record.pod;
  }

  /** Takes up what an earlier process of this node left, and goes on. */
  async begin(): Promise<void> {
    for (const [name, { run }] of Object.entries(this.record.containers)) {
      if (!run.exit) this.#follow(name, run);
    }
    this.update(this.pod);
    await this.#save();
  }

  /** The pod as the API server has it now. */
  update(pod: Pod): void {
    const before = this.pod.status?.conditions;
    this.record.pod = {
      ...pod,
      status: { ...pod.status, ...(before ? { conditions: mergeConditions(before, pod) } : {}) },
    };
    if (pod.metadata.deletionTimestamp !== undefined) {
      const { deletionGracePeriodSeconds = 30 } = pod.metadata;
      this.#end(Math.max(deletionGracePeriodSeconds, 1));
    }
    this.trigger();
  }

  /** The pod is no longer in the API server. */
  remove(): void {
    this.#removed = true;
    this.#status.close();
    this.#end(
      this.#deadline ? forcedGraceSeconds : (this.pod.metadata.deletionGracePeriodSeconds ?? forcedGraceSeconds),
    );
    this.trigger();
  }

  /** Leaves the pod's processes alone and forgets it: the node's process ends. */
  async release(): Promise<void> {
    this.#closed.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#refresh);
    this.#status.close();
    for (const { stopProbes } of this.#live.values()) stopProbes.abort();
    await Promise.all([...this.#live.values()].map(({ run }) => run.release()));
    await this.#saving;
  }

  /** Ends the containers in good order, keeps the pod for the next start of the node, and lets go of it. */
  async halt(): Promise<void> {
    const names = [...this.#live.keys()];
    this.#deadline ??= new Deadline(Math.min(haltGraceSeconds, this.pod.spec.terminationGracePeriodSeconds ?? 30));
    await this.#turning;
    await Promise.all(names.map((name) => this.#stop(name, this.#grace())));
    for (const name of names) {
      const record = this.record.containers[name];
      if (record) record.backOff = 0;
    }
    await this.#save();
    await this.release();
  }

  /** The live run of a container, for logs and exec. */
  live(container: string): LiveRun | undefined {
    return this.#live.get(container)?.run;
  }

  containerDirectory(container: string, attempt: number): string {
    return this.#context.directory.container(this.pod.metadata.uid, container, attempt);
  }

  /** What a further process in the container needs; fails when the container does not run. */
  async containerContext(container: string): Promise<ContainerContext> {
    const shim = this.#live.get(container)?.run.run.process;
    if (!shim) throw new Error(`container ${container} is not running`);
    const prefix = await prefixerOf(this.#context, this.pod, container);
    return { ...shimContext(shim.pid), prefix, ...(this.#context.user ? { user: this.#context.user } : {}) };
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
        this.#context.log.warn({ pod: podName(this.pod), error: String(error) }, 'pod not brought forward');
        this.#later();
      }
    }
  }

  async #turn(): Promise<void> {
    const now = this.#context.now().getTime();
    this.#checkDeadline(now);
    let plan = planPod(this.record, now);
    if (!this.#deadline && plan.outcome === undefined && plan.start.length > 0 && now >= this.#retryAt) {
      if (await this.#mountAll()) await Promise.all(plan.start.map((container) => this.#start(container)));
      await this.#save();
      plan = planPod(this.record, this.#context.now().getTime());
    }
    for (const name of plan.end) void this.#stop(name, this.#grace());
    if (!this.#deadline) this.#wakeAt(plan.wakeAt);
    this.#publish(plan);
  }

  #facts(): PodFacts {
    return { pod: this.pod, podIp: this.record.ip, node: this.#context.facts };
  }

  #grace(): Deadline {
    return this.#deadline ?? new Deadline(this.pod.spec.terminationGracePeriodSeconds ?? 30);
  }

  #wakeAt(at: number | undefined): void {
    clearTimeout(this.#timer);
    const due = Math.min(at ?? Infinity, this.#retryAt > Date.now() ? this.#retryAt : Infinity, this.#endsAt());
    if (due !== Infinity) this.#timer = setTimeout(() => this.trigger(), Math.max(10, due - Date.now()));
  }

  #later(): void {
    const wait = backOffMs(this.#failures++, retryMs);
    this.#retryAt = Date.now() + wait;
    this.#wakeAt(undefined);
  }

  #endsAt(): number {
    const { activeDeadlineSeconds } = this.pod.spec;
    if (activeDeadlineSeconds === undefined || this.record.failed) return Infinity;
    return Date.parse(this.record.startTime) + activeDeadlineSeconds * 1000;
  }

  #checkDeadline(now: number): void {
    if (now < this.#endsAt() || planPod(this.record, now).outcome) return;
    const message = 'Pod was active on the node longer than the specified deadline';
    this.record.failed = { reason: 'DeadlineExceeded', message };
    this.#context.events.normal(this.pod, 'DeadlineExceeded', message);
  }

  async #mountAll(): Promise<boolean> {
    for (const volume of this.pod.spec.volumes ?? []) {
      try {
        this.#volumes.set(volume.name, await mountVolume(this.#context.mounter, this.#facts(), volume));
      } catch (error) {
        const message = `MountVolume.SetUp failed for volume "${volume.name}" : ${error instanceof Error ? error.message : String(error)}`;
        this.#context.events.warning(this.pod, 'FailedMount', message);
        for (const { name } of this.pod.spec.containers)
          this.#problems[name] = { reason: 'ContainerCreating', message };
        this.#later();
        return false;
      }
    }
    for (const { name } of this.pod.spec.containers) delete this.#problems[name];
    this.#refreshLater();
    return true;
  }

  /** Secrets, ConfigMaps and tokens are compared from time to time. What fails is tried again the next time: the old files stay. */
  #refreshLater(): void {
    const volumes = (this.pod.spec.volumes ?? []).filter(isProjection);
    if (this.#refresh || volumes.length === 0) return;
    const turn = async (): Promise<void> => {
      for (const volume of volumes) {
        await mountVolume(this.#context.mounter, this.#facts(), volume).catch(() => undefined);
      }
      if (!this.#closed.signal.aborted) this.#refresh = setTimeout(() => void turn(), this.#context.refreshMs);
    };
    this.#refresh = setTimeout(() => void turn(), this.#context.refreshMs);
  }

  async #start(container: Container): Promise<void> {
    const { name } = container;
    const known = this.record.containers[name];
    const attempt = known ? known.run.attempt + 1 : 0;
    const { events } = this.#context;
    try {
      const launch = await prepareLaunch(this.#context, this.#facts(), container, attempt, this.#volumes);
      if (this.#deadline) return;
      events.normal(this.pod, 'Pulled', `Container image "${container.image}" already present on machine`, name);
      this.record.containers[name] = {
        run: launch.run,
        backOff: known?.backOff ?? 0,
        ...(known ? { previous: known.run } : {}),
      };
      // On disk before it runs: a process that nobody knows of would never be ended.
      await this.#save();
      events.normal(this.pod, 'Created', `Created container: ${name}`, name);
      const { ended, ...process } = await launch.start();
      launch.run.process = process;
      this.#follow(name, launch.run, ended);
      delete this.#problems[name];
      this.#failures = 0;
      events.normal(this.pod, 'Started', `Started container ${name}`, name);
    } catch (error) {
      if (!(error instanceof LaunchError)) throw error;
      this.#problems[name] = { reason: error.reason, message: error.message };
      events.warning(this.pod, 'Failed', `Error: ${error.message}`, name);
      this.#later();
    }
  }

  /** Looks after a run from now on: log, probes, end. */
  #follow(name: string, run: Run, shimEnded?: Promise<void>): void {
    const { uid } = this.pod.metadata;
    const live = new LiveRun({
      run,
      directory: this.#context.directory.container(uid, name, run.attempt),
      marker: marker(this.pod, name, run.attempt),
      workplaces: () => (this.pod.spec.containers.length === 1 ? [...this.#volumes.values()] : []),
      ...(shimEnded ? { shimEnded } : {}),
    });
    const stopProbes = new AbortController();
    const finished = live.ended.then((exit) => this.#exited(name, run, exit));
    this.#live.set(name, { run: live, stopProbes, finished });
    void this.#afterStart(name, run, live, stopProbes.signal);
  }

  async #afterStart(name: string, run: Run, live: LiveRun, signal: AbortSignal): Promise<void> {
    const container = allContainers(this.pod.spec).find((one) => one.name === name);
    if (!container) return;
    const { postStart } = container.lifecycle ?? {};
    if (postStart && !run.started)
      await this.#hook(container, postStart, AbortSignal.any([signal, AbortSignal.timeout(30_000)]));
    const context = await this.containerContext(name).catch(() => undefined);
    if (!context || signal.aborted) return;
    const { events } = this.#context;
    await runProbes({
      container,
      startedAt: Date.parse(run.startedAt),
      started: run.started,
      ready: run.ready,
      check: (probe, limit) => check(probe, container, this.record.ip, () => context, limit),
      signal,
      events: {
        started: () => this.#change(run, { started: true }),
        ready: (ready) => this.#change(run, { ready }),
        failed: (kind, message) => events.warning(this.pod, 'Unhealthy', `${kind} probe failed: ${message}`, name),
        unhealthy: (kind, probe, message) => {
          events.normal(
            this.pod,
            'Killing',
            `Container ${name} failed ${kind.toLowerCase()} probe, will be restarted`,
            name,
          );
          this.#context.log.warn({ pod: podName(this.pod), container: name, message }, `${kind} probe failed`);
          const seconds = probe.terminationGracePeriodSeconds ?? this.pod.spec.terminationGracePeriodSeconds ?? 30;
          void this.#stop(name, new Deadline(seconds));
        },
      },
    });
    void live;
  }

  #change(run: Run, change: { started?: boolean; ready?: boolean }): void {
    if (Object.entries(change).every(([key, value]) => run[key as 'started' | 'ready'] === value)) return;
    Object.assign(run, change);
    void this.#save();
    this.trigger();
  }

  async #exited(name: string, run: Run, exit: ExitFile | undefined): Promise<void> {
    this.#live.get(name)?.stopProbes.abort();
    this.#live.delete(name);
    run.ready = false;
    run.exit = exit
      ? { code: exit.code, finishedAt: exit.finishedAt, reason: exit.code === 0 ? 'Completed' : 'Error' }
      : {
          code: 137,
          finishedAt: this.#context.now().toISOString(),
          reason: 'ContainerStatusUnknown',
          message: 'The container could not be located when the node came back, or was killed from outside',
        };
    const record = this.record.containers[name];
    if (record) record.backOff = nextBackOff(record, Date.parse(run.exit.finishedAt));
    if (record && record.backOff > 0 && !this.#deadline) {
      this.#context.events.warning(this.pod, 'BackOff', `Back-off restarting failed container ${name}`, name);
    }
    await this.#save();
    this.trigger();
  }

  async #hook(container: Container, handler: Handler, signal: AbortSignal): Promise<void> {
    if (handler.sleep) {
      await sleep(handler.sleep.seconds * 1000, signal);
      return;
    }
    try {
      const context = await this.containerContext(container.name);
      const { ok, message } = await check(handler, container, this.record.ip, () => context, signal);
      if (!ok)
        this.#context.events.warning(this.pod, 'FailedHook', `lifecycle hook failed: ${message}`, container.name);
    } catch (error) {
      this.#context.log.warn({ pod: podName(this.pod), error: String(error) }, 'lifecycle hook failed');
    }
  }

  /** Ends a container: preStop, SIGTERM to its main process, SIGKILL to all of it at the deadline. */
  #stop(name: string, deadline: Deadline): Promise<void> {
    const live = this.#live.get(name);
    if (!live) return Promise.resolve();
    return (live.stopping ??= this.#stopNow(name, live, deadline));
  }

  async #stopNow(name: string, live: Live, deadline: Deadline): Promise<void> {
    this.#context.events.normal(this.pod, 'Killing', `Stopping container ${name}`, name);
    const container = allContainers(this.pod.spec).find((one) => one.name === name);
    const { preStop } = container?.lifecycle ?? {};
    if (container && preStop) await this.#hook(container, preStop, deadline.signal);
    await live.run.terminate();
    await Promise.race([live.finished, deadline.reached]);
    while (this.#live.get(name) === live && !this.#closed.signal.aborted) {
      await live.run.kill();
      await Promise.race([live.finished, delay(1000)]);
    }
    await live.finished;
  }

  /** Begins the end of the pod, or brings it nearer. */
  #end(graceSeconds: number): void {
    if (this.#deadline) {
      this.#deadline.shorten(graceSeconds);
      return;
    }
    this.#deadline = new Deadline(graceSeconds);
    this.record.terminatingSince ??= this.#context.now().toISOString();
    void this.#terminate(this.#deadline);
  }

  async #terminate(deadline: Deadline): Promise<void> {
    await this.#turning;
    const { initContainers = [], containers } = this.pod.spec;
    const sidecars = initContainers.filter(isSidecar).map(({ name }) => name);
    const first = [...containers, ...initContainers].map(({ name }) => name).filter((name) => !sidecars.includes(name));
    await Promise.all(first.map((name) => this.#stop(name, deadline)));
    for (const name of sidecars.reverse()) await this.#stop(name, deadline);
    if (this.#closed.signal.aborted) return;
    const { uid } = this.pod.metadata;
    await killTree({ marker: uid, directories: [...this.#volumes.values()] });
    clearTimeout(this.#refresh);
    clearTimeout(this.#timer);
    this.#publish(planPod(this.record, this.#context.now().getTime()));
    await this.#status.settled();
    if (!this.#removed) await this.#deleteFromApi();
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.#status.close();
    await this.#saving;
    await releaseVolumes(this.#context.directory, uid, this.pod.spec.volumes);
    await removeRecord(this.#context.directory, uid);
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
        this.#context.log.warn({ pod: podName(this.pod), error: String(error) }, 'pod not deleted');
        await sleep(backOffMs(attempt, retryMs), this.#closed.signal);
      }
    }
  }

  #publish(plan: Plan): void {
    const { facts, now } = this.#context;
    const status = podStatus({
      record: this.record,
      plan,
      problems: this.#problems,
      nodeAddress: facts.address,
      now: now(),
    });
    this.record.pod = { ...this.pod, status: { ...this.pod.status, ...status } };
    if (!this.#removed) this.#status.publish(status);
  }

  #save(): Promise<void> {
    const saved = this.#saving.then(() =>
      this.#closed.signal.aborted ? undefined : saveRecord(this.#context.directory, this.record),
    );
    this.#saving = saved.catch((error: unknown) =>
      this.#context.log.warn({ pod: podName(this.pod), error: String(error) }, 'pod record not written'),
    );
    return saved;
  }
}

/** Our own conditions as last published (the API server's copy may be older), those of others from the API server. */
function mergeConditions(own: NonNullable<Pod['status']>['conditions'] & object, pod: Pod) {
  const others = (pod.status?.conditions ?? []).filter(({ type }) => !own.some((mine) => mine.type === type));
  return [...own, ...others];
}
