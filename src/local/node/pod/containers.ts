import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { sleep } from '../../../kube/back-off.ts';
import { shimContext, type ContainerContext } from '../container/exec.ts';
import { LiveRun } from '../container/live-run.ts';
import type { ExitFile } from '../container/observe.ts';
import { terminationMessage } from '../container/termination-message.ts';
import type { NodeContext } from './context.ts';
import { errorMessage } from './error-message.ts';
import { check } from '../probes/check.ts';
import { runProbes } from '../probes/prober.ts';
import { Deadline } from './deadline.ts';
import { containerRoot, LaunchError, marker, prefixerOf, prepareLaunch } from './launch.ts';
import { nextBackOff, type Waiting } from './plan.ts';
import type { PodRecord, Run } from '../model/records.ts';
import { allContainers, podName, type Container, type Handler, type Pod } from '../model/types.ts';
import type { PodVolumes } from './volumes.ts';

const postStartMs = 30_000;
/** Runs of a container whose logs are kept: this one and the one before. */
const keptRuns = 2;

export interface ContainersOwner {
  /** Something in the record has changed that the pod's next steps depend on. */
  changed(): void;
  save(): Promise<void>;
  /** As `save`, for what may be lost when the disk is full: it is written with the next change. */
  note(): void;
  /** The pod is on its way out. */
  ending(): boolean;
}

interface Live {
  readonly run: LiveRun;
  readonly stopProbes: AbortController;
  readonly finished: Promise<void>;
  stopping?: Promise<void>;
}

/** The containers of one pod that run: started, looked after, ended. What they did is in the record. */
export class PodContainers {
  readonly #context: NodeContext;
  readonly #record: PodRecord;
  readonly #volumes: PodVolumes;
  readonly #owner: ContainersOwner;
  readonly #live = new Map<string, Live>();
  #released = false;

  constructor(context: NodeContext, record: PodRecord, volumes: PodVolumes, owner: ContainersOwner) {
    this.#context = context;
    this.#record = record;
    this.#volumes = volumes;
    this.#owner = owner;
  }

  get names(): string[] {
    return [...this.#live.keys()];
  }

  live(name: string): LiveRun | undefined {
    return this.#live.get(name)?.run;
  }

  get #pod(): Pod {
    return this.#record.pod;
  }

  /** Takes up what an earlier process of this node started. */
  adopt(): void {
    for (const [name, { run }] of Object.entries(this.#record.containers)) {
      if (!run.exit) this.#follow(name, run);
    }
  }

  /** What a further process in the container needs; fails when the container does not run. */
  async contextOf(name: string): Promise<ContainerContext> {
    const shim = this.live(name)?.run.process;
    if (!shim) throw new Error(`container ${name} is not running`);
    const prefix = await prefixerOf(this.#context, this.#pod, name);
    return { ...shimContext(shim.pid), prefix, ...(this.#context.user ? { user: this.#context.user } : {}) };
  }

  /** Starts a container's next run; resolves to why it could not be started. */
  async start(container: Container): Promise<Waiting | undefined> {
    const { name, image } = container;
    const known = this.#record.containers[name];
    const attempt = known ? known.run.attempt + 1 : 0;
    const { events, facts: node } = this.#context;
    const facts = { pod: this.#pod, podIp: this.#record.ip, node };
    try {
      const launch = await prepareLaunch(
        this.#context,
        facts,
        container,
        attempt,
        new Map(Object.entries(this.#record.volumes)),
      );
      if (this.#owner.ending()) return undefined;
      events.normal(this.#pod, 'Pulled', `Container image "${image}" already present on machine`, name);
      const previous = known ? { previous: known.run } : {};
      this.#record.containers[name] = { run: launch.run, backOff: known?.backOff ?? 0, ...previous };
      // On disk before it runs: a process that nobody knows of would never be ended.
      await this.#owner.save();
      events.normal(this.#pod, 'Created', `Created container: ${name}`, name);
      const old = this.#context.directory.container(this.#pod.metadata.uid, name, attempt - keptRuns);
      await rm(old, { recursive: true, force: true });
      const { ended, ...process } = await launch.start();
      launch.run.process = process;
      this.#follow(name, launch.run, ended);
      events.normal(this.#pod, 'Started', `Started container ${name}`, name);
      return undefined;
    } catch (error) {
      if (!(error instanceof LaunchError)) throw error;
      events.warning(this.#pod, 'Failed', `Error: ${error.message}`, name);
      return { reason: error.reason, message: error.message };
    }
  }

  /** Ends a container: preStop, SIGTERM to its main process, SIGKILL to all of it at the deadline. */
  stop(name: string, deadline: Deadline): Promise<void> {
    const live = this.#live.get(name);
    if (!live) return Promise.resolve();
    return (live.stopping ??= this.#stop(name, live, deadline));
  }

  /** Lets go of everything; the processes stay. */
  async release(): Promise<void> {
    this.#released = true;
    for (const { stopProbes } of this.#live.values()) stopProbes.abort();
    await Promise.all([...this.#live.values()].map(({ run }) => run.release()));
  }

  #spec(name: string): Container | undefined {
    return allContainers(this.#pod.spec).find((container) => container.name === name);
  }

  /** Looks after a run from now on: log, probes, end. */
  #follow(name: string, run: Run, shimEnded?: Promise<void>): void {
    const live = new LiveRun({
      run,
      directory: this.#context.directory.container(this.#pod.metadata.uid, name, run.attempt),
      marker: marker(this.#pod, name, run.attempt),
      workplaces: () => (this.#pod.spec.containers.length === 1 ? this.#volumes.directories : []),
      ...(shimEnded ? { shimEnded } : {}),
    });
    const stopProbes = new AbortController();
    const lost = (error: unknown): undefined => {
      this.#context.log.warn({ pod: podName(this.#pod), container: name, error: String(error) }, 'container lost');
    };
    const container = this.#spec(name);
    const finished = live.ended.catch(lost).then(async (exit) => {
      const message = exit && container ? await this.#lastWords(container, live, exit) : undefined;
      this.#exited(name, run, exit, message);
    });
    this.#live.set(name, { run: live, stopProbes, finished });
    if (container) void this.#attend(container, run, live, stopProbes.signal);
  }

  async #attend(container: Container, run: Run, live: LiveRun, signal: AbortSignal): Promise<void> {
    const { name, lifecycle } = container;
    await live.found;
    if (lifecycle?.postStart && !run.hooked) {
      await this.#hook(container, lifecycle.postStart, AbortSignal.any([signal, AbortSignal.timeout(postStartMs)]));
      run.hooked = true;
    }
    const context = await this.contextOf(name).catch(() => undefined);
    if (!context || signal.aborted) return;
    const { events, log } = this.#context;
    await runProbes({
      container,
      startedAt: Date.parse(run.startedAt),
      started: run.started,
      ready: run.ready,
      check: (probe, limit) => check(probe, container, this.#record.ip, () => context, limit),
      signal,
      events: {
        started: () => this.#change(run, 'started', true),
        ready: (ready) => this.#change(run, 'ready', ready),
        failed: (kind, message) => events.warning(this.#pod, 'Unhealthy', `${kind} probe failed: ${message}`, name),
        unhealthy: (kind, probe, message) => {
          const text = `Container ${name} failed ${kind.toLowerCase()} probe, will be restarted`;
          events.normal(this.#pod, 'Killing', text, name);
          log.warn({ pod: podName(this.#pod), container: name, message }, `${kind} probe failed`);
          const grace = probe.terminationGracePeriodSeconds ?? this.#pod.spec.terminationGracePeriodSeconds ?? 30;
          void this.stop(name, new Deadline(grace));
        },
      },
    });
  }

  #change(run: Run, key: 'started' | 'ready', value: boolean): void {
    if (run[key] === value) return;
    run[key] = value;
    this.#owner.note();
    this.#owner.changed();
  }

  async #lastWords(container: Container, { directory }: LiveRun, { code }: ExitFile): Promise<string | undefined> {
    const root = containerRoot(this.#context, this.#pod, container.name);
    try {
      return await terminationMessage({ container, exitCode: code, root, directory });
    } catch (error) {
      this.#context.log.warn(
        { pod: podName(this.#pod), container: container.name, error: String(error) },
        'no message',
      );
      return undefined;
    }
  }

  #exited(name: string, run: Run, exit: ExitFile | undefined, message?: string): void {
    this.#live.get(name)?.stopProbes.abort();
    this.#live.delete(name);
    run.ready = false;
    run.exit = exit
      ? {
          ...exit,
          reason: exit.code === 0 ? 'Completed' : 'Error',
          ...(message === undefined ? {} : { message }),
        }
      : {
          code: 137,
          finishedAt: this.#context.now().toISOString(),
          reason: 'ContainerStatusUnknown',
          message: 'The container could not be located when the node came back, or was killed from outside',
        };
    const record = this.#record.containers[name];
    if (record) record.backOff = nextBackOff(record, Date.parse(run.exit.finishedAt));
    if (record && record.backOff > 0 && !this.#owner.ending()) {
      this.#context.events.warning(this.#pod, 'BackOff', `Back-off restarting failed container ${name}`, name);
    }
    this.#owner.note();
    this.#owner.changed();
  }

  /** A lifecycle hook. Its failure is told and changes nothing else. */
  async #hook(container: Container, handler: Handler, signal: AbortSignal): Promise<void> {
    if (handler.sleep) {
      await sleep(handler.sleep.seconds * 1000, signal);
      return;
    }
    const failed = (message: string): void =>
      this.#context.events.warning(this.#pod, 'FailedHook', `lifecycle hook failed: ${message}`, container.name);
    try {
      const context = await this.contextOf(container.name);
      const { ok, message } = await check(handler, container, this.#record.ip, () => context, signal);
      if (!ok) failed(message);
    } catch (error) {
      failed(errorMessage(error));
    }
  }

  async #stop(name: string, live: Live, deadline: Deadline): Promise<void> {
    this.#context.events.normal(this.#pod, 'Killing', `Stopping container ${name}`, name);
    const container = this.#spec(name);
    const { preStop } = container?.lifecycle ?? {};
    if (container && preStop) await this.#hook(container, preStop, deadline.signal);
    await live.run.terminate();
    await Promise.race([live.finished, deadline.reached]);
    while (this.#live.get(name) === live && !this.#released) {
      await live.run.kill();
      await Promise.race([live.finished, delay(1000)]);
    }
  }
}
