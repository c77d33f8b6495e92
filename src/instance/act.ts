import { setTimeout as delay } from 'node:timers/promises';
import type { InstanceAction } from '../../state-machines/instance/actions.ts';
import type { Cluster } from '../api/generated/cluster.ts';
import { guardAutoConf, setStandby, writeConfiguration } from './configuration/write.ts';
import type { InstanceContext } from './context/context.ts';
import type { Observation } from './observe.ts';
import { signal } from './postmaster/process.ts';
import { startPostgres } from './postmaster/start.ts';
import { startFailure } from './postmaster/start-failure.ts';
import { Stopping, stopPlan, type StopReason } from './postmaster/stop.ts';
import { bootTime } from './supervisor/boot-clock.ts';

/** Milliseconds that a shutdown waits for others' answers before it begins. */
const farewellMs = 150;
/** Milliseconds between two looks for somebody who has everything. */
const heirEveryMs = 100;
const seconds = (): number => bootTime() / 100;
const longestBackOff = 10;
/** A configuration that PostgreSQL refuses is offered again this often, and whenever it changes. */
const reloadEvery = 10;

/** Does what was decided. Every action is safe to be told again until the facts show it done. */
export class Actions {
  readonly #context: InstanceContext;
  #stopping: { pid: number; why: StopReason; routine: Stopping } | undefined;
  #started: { at: number; previousExit: number | undefined } | undefined;
  #failures = 0;
  #retryAt = 0;
  #startProblem: string | undefined;
  #reloaded: { at: number; filesWrittenAt: number } | undefined;
  #restartWantedSince: number | undefined;

  constructor(context: InstanceContext) {
    this.#context = context;
  }

  get backingOff(): boolean {
    return seconds() < this.#retryAt;
  }

  /** Why the last start failed; undefined once postgres is up. */
  get startProblem(): string | undefined {
    return this.#startProblem;
  }

  mayReload({ filesWrittenAt, differing }: Observation): boolean {
    const last = this.#reloaded;
    return !last || differing.length > 0 || filesWrittenAt > last.filesWrittenAt || seconds() - last.at >= reloadEvery;
  }

  /** `turn`: seconds that the need for a restart must last; undefined when there is none. */
  restartIsDue(turn: number | undefined): boolean {
    if (turn === undefined) {
      this.#restartWantedSince = undefined;
      return false;
    }
    this.#restartWantedSince ??= seconds();
    return seconds() - this.#restartWantedSince >= turn;
  }

  async perform(action: InstanceAction, observation: Observation): Promise<void> {
    await this.#followStart(observation);
    this.#followStop(observation);
    switch (action.type) {
      case 'stay':
      case 'end':
        return;
      case 'start':
        return this.#start(action.as, observation);
      case 'stop':
        return this.#stop(action.why, observation);
      case 'reload':
        return this.#reload(observation);
      case 'rebuild':
        this.#context.ha.rebuild();
        return;
      case 'become-standby':
        await this.#context.ha.demoted();
        await setStandby(this.#context.environment.paths.data, true);
        return;
      default:
        return action satisfies never;
    }
  }

  async #start(as: 'primary' | 'standby', observation: Observation): Promise<void> {
    const { environment, supervisor, log } = this.#context;
    const { paths } = environment;
    if (!observation.files || !observation.program) return;
    if (this.#started && seconds() - this.#started.at < 1) return;
    try {
      await writeConfiguration(paths.data, observation.files);
      await guardAutoConf(paths.data, observation.cluster?.spec.postgresql?.enableAlterSystem ?? false);
      log.info({ as, program: observation.program.file }, 'Starting PostgreSQL');
      this.#started = { at: seconds(), previousExit: supervisor.lastExit()?.pid };
      const { ha } = this.#context;
      await startPostgres(
        paths,
        observation.program.file,
        supervisor,
        () => as === 'standby' || ha.mayStartAsPrimary(),
      );
    } catch (error) {
      this.#failed(`PostgreSQL cannot be started: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Learns how a start that was asked for went. */
  async #followStart({ postmaster }: Observation): Promise<void> {
    const { supervisor, environment, log } = this.#context;
    if (postmaster.state === 'up') {
      if (this.#startProblem !== undefined) log.info('PostgreSQL is up');
      this.#started = undefined;
      this.#failures = 0;
      this.#startProblem = undefined;
      return;
    }
    const exit = supervisor.lastExit();
    if (!this.#started || postmaster.state !== 'down' || supervisor.postgresPid() !== undefined) return;
    if (exit === undefined || exit.pid === this.#started.previousExit) return;
    this.#started = undefined;
    this.#failed(
      `PostgreSQL did not start (status ${exit.status}): ${await startFailure(environment.paths, supervisor)}`,
    );
  }

  #failed(problem: string): void {
    this.#started = undefined;
    this.#failures += 1;
    this.#startProblem = problem;
    this.#retryAt = seconds() + Math.min(longestBackOff, 0.5 * 2 ** Math.min(this.#failures, 8));
    this.#context.log.error({ failures: this.#failures }, problem);
  }

  async #stop(why: StopReason, observation: Observation): Promise<void> {
    const { postmaster, server, cluster } = observation;
    if (postmaster.pid === undefined) return;
    if (this.#stopping?.pid === postmaster.pid && this.#stopping.why === why) return;
    const role = server === undefined ? 'unknown' : server.standby ? 'standby' : 'primary';
    const since = why === 'termination' ? this.#context.terminatingSince() : undefined;
    const already = since === undefined ? 0 : Math.max(0, (Date.now() - since) / 1000);
    const { ha } = this.#context;
    const farewell = why === 'termination' && role === 'primary' ? ha.farewell() : undefined;
    // A pod may have a second in all: what is not answered at once is taken for likely, and corrected when it is.
    const likely = { successor: ha.hasOthers, heir: true, grace: undefined };
    const known = await Promise.race([farewell, delay(farewellMs, likely)]);
    const routine = new Stopping(stopPlan(why, role, cluster?.spec, known), seconds() - already);
    if (known === likely) void farewell?.then((told) => routine.replan(stopPlan(why, role, cluster?.spec, told)));
    this.#stopping = { pid: postmaster.pid, why, routine };
    if (known?.successor === true && !known.heir) void this.#awaitHeir(routine, cluster?.spec);
    void this.#leaveServer(role);
    this.#followStop(observation);
  }

  /** The primary serves until somebody keeps up with it, or until it is time, or until it ends by itself. */
  async #awaitHeir(routine: Stopping, spec: Cluster['spec'] | undefined): Promise<void> {
    this.#context.log.info({ rule: 'wait-for-an-heir' }, 'Nobody who could take over streams from here yet');
    while (this.#stopping?.routine === routine && routine.mode === undefined) {
      await delay(heirEveryMs);
      const told = await this.#context.ha.farewell();
      routine.replan(stopPlan('termination', 'primary', spec, told));
    }
  }

  /** A checkpoint leaves less for the one of the shutdown to write; then our own session must not keep a smart shutdown waiting. */
  async #leaveServer(role: 'primary' | 'standby' | 'unknown'): Promise<void> {
    if (role === 'primary') await this.#context.session.query('CHECKPOINT').catch(() => undefined);
    await this.#context.session.close();
  }

  /** A stop that has begun gets stronger with time, whatever is decided meanwhile. */
  #followStop({ postmaster }: Observation): void {
    const stopping = this.#stopping;
    if (!stopping) return;
    if (postmaster.pid !== stopping.pid) {
      this.#stopping = undefined;
      return;
    }
    const sent = stopping.routine.advance(stopping.pid, seconds());
    if (sent) this.#context.log.info({ why: stopping.why, mode: sent }, 'Stopping PostgreSQL');
    if (stopping.routine.mode === 'smart') void this.#lookForClients(stopping.routine);
  }

  /** A session of ours that is still open must not keep a smart shutdown waiting for itself. */
  async #lookForClients(routine: Stopping): Promise<void> {
    const clients = await this.#context.ha.hasClients().catch(() => true);
    if (!clients) routine.deserted();
  }

  async #reload(observation: Observation): Promise<void> {
    const { environment, log } = this.#context;
    const changed = observation.files ? await writeConfiguration(environment.paths.data, observation.files) : [];
    await guardAutoConf(environment.paths.data, observation.cluster?.spec.postgresql?.enableAlterSystem ?? false);
    if (observation.postmaster.pid !== undefined) signal(observation.postmaster.pid, 'SIGHUP');
    this.#reloaded = { at: seconds(), filesWrittenAt: observation.filesWrittenAt };
    log.info({ changed }, 'Configuration reloaded');
  }
}
