import { setTimeout as delay } from 'node:timers/promises';
import { sameMember } from '../../../state-machines/protocol/position.ts';
import type { LeaseMember } from '../../../state-machines/protocol/types.ts';
import { mostLag } from '../../../state-machines/switchover/choose.ts';
import type { Pod } from '../../kube/objects.ts';
import { resource } from '../../kube/resource-types.ts';
import { annotation } from '../../labels.ts';
import { fieldManager } from '../../naming.ts';
import { isFenced } from '../../fencing.ts';
import { pendingPrimary } from '../cluster/wishes.ts';
import { formatLsn } from '../../postgres/lsn.ts';
import { observeDataDirectory } from '../postmaster/observe.ts';
import type { Farewell } from '../postmaster/stop.ts';
import { checkpoint } from './checkpoint.ts';
import { type HaCore, isFresh, leaseState, others, timingOf } from './core/core.ts';
import { postgresRole } from './core/local-postgres.ts';
import { anySynchronous } from './synchronous/configuration.ts';
import type { Departure, LeaseContent } from './core/lease-record.ts';

type Handover = NonNullable<HaCore['memory']['handover']>;

const askMs = 400;
/** So long the target of a switchover may be unfit before the wish is taken back. */
const doubtMs = 5_000;
/** Milliseconds that a process which ends goes on looking for somebody to hand over to. */
const seekMs = 2000;
/** Milliseconds that the successor of a switchover has to claim; then the old primary stands again. */
const patience = 15_000;
/** In which a stopped primary is asked for its promise. */
const promiseMs = 3000;
/**
 * So long after the lease was given back a pod's address goes on refusing connections. That of a pod which is gone swallows them, and
 * clients wait for a second or longer; nodes hear that a Service leads elsewhere at most once a second (kube-proxy's minSyncPeriod).
 */
const refuseMs = 1500;

/** Role changes that are wished for: switchover, pod deletion. The old primary stops first; only then is there another (M30). */
export class Planned {
  readonly #core: HaCore;
  #busy = false;
  /** The wish that could not be fulfilled at once. */
  #doubted: { readonly target: string; readonly since: number } | undefined;
  /** This process ends for good: how long it looks for somebody who could go on. */
  #seekUntil: number | undefined;
  #refuseUntil: number | undefined;

  constructor(core: HaCore) {
    this.#core = core;
  }

  async tick(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await this.#switchover();
      await this.#lookForSuccessor();
      await this.#release();
    } catch (error) {
      this.#core.context.log.warn({ err: error }, 'The role was not handed over; it is tried again');
      await delay(200);
    } finally {
      this.#busy = false;
    }
  }

  /** At SIGTERM: how much time there is and whether somebody can go on. */
  async farewell(): Promise<Farewell> {
    const { context, memory, clock } = this.#core;
    const { namespace, podName } = context.environment;
    const [pod, fit] = await Promise.all([
      context.kube
        .get<Pod>(resource.pods, { namespace, name: podName }, { signal: AbortSignal.timeout(askMs) })
        .catch(() => undefined),
      this.#fit(),
    ]);
    const grace = pod?.metadata?.deletionGracePeriodSeconds;
    const comesBack = pod?.metadata?.annotations?.[annotation.keepsRole] !== undefined;
    if (comesBack) return { successor: true, heir: true, grace };
    this.#seekUntil ??= clock() + seekMs;
    const heir = memory.handover !== undefined || fit.some((member) => this.#keepsUp(member));
    if (heir && leaseState(this.#core) === 'mine') {
      memory.handover ??= { to: undefined, why: 'termination', since: clock() };
    }
    return { successor: fit.length > 0, heir, grace };
  }

  /** It gets what is written here as it is written; where a quorum is asked for, promises see to it. */
  #keepsUp({ instance }: LeaseMember): boolean {
    const { store, memory } = this.#core;
    return (store.record !== undefined && anySynchronous(store.record)) || memory.streaming?.has(instance) === true;
  }

  /** Nobody may have answered in time at first; a lease that is kept costs the others leaseDuration. */
  async #lookForSuccessor(): Promise<void> {
    const { memory, clock } = this.#core;
    if (!this.#seeking) return;
    const fit = await this.#fit();
    const stopped = postgresRole(this.#core) === 'down';
    if (fit.some((member) => stopped || this.#keepsUp(member))) {
      memory.handover ??= { to: undefined, why: 'termination', since: clock() };
    } else if (fit.length > 0 && !stopped) this.#seekUntil = clock() + seekMs;
  }

  get #seeking(): boolean {
    const { memory, clock } = this.#core;
    return (
      this.#seekUntil !== undefined &&
      memory.handover === undefined &&
      leaseState(this.#core) === 'mine' &&
      others(this.#core).length > 0 &&
      clock() < this.#seekUntil
    );
  }

  /** Those who could be promoted now, of all others or of one. */
  async #fit(name?: string): Promise<LeaseMember[]> {
    const asked = others(this.#core).filter(({ instance }) => name === undefined || instance === name);
    const answers = await this.#core.peers.askAll(
      'position',
      asked,
      { epoch: this.#core.store.record?.epoch ?? 0 },
      askMs,
    );
    return answers.filter(({ answer }) => answer?.stands === true).map(({ member }) => member);
  }

  /** The one that status.targetPrimary asks for; undefined when nobody else is asked for. */
  #wish(): string | undefined {
    const { context, memory, view } = this.#core;
    const { podName } = context.environment;
    const { currentPrimary, targetPrimary = '' } = context.cluster.current?.status ?? {};
    const serving = leaseState(this.#core) === 'mine' && isFresh(this.#core) && view()?.server?.standby === false;
    if (!serving || memory.handover || context.terminatingSince() !== undefined) return undefined;
    if (currentPrimary !== podName || ['', podName, pendingPrimary].includes(targetPrimary)) return undefined;
    return targetPrimary;
  }

  async #switchover(): Promise<void> {
    const target = this.#wish();
    if (target === undefined) this.#doubted = undefined;
    if (target === undefined) return;
    const { context, memory, clock } = this.#core;
    const problem = this.#refusal(target) ?? (await this.#unfitTarget(target));
    if (problem === undefined) this.#doubted = undefined;
    else if (this.#refusal(target) === undefined && this.#mayPass(target)) return;
    else {
      this.#doubted = undefined;
      context.log.warn({ rule: 'switchover-refused', target }, `No switchover to ${target}: ${problem}`);
      await this.#takeBack(target, problem);
      return;
    }
    context.log.info({ rule: 'switchover', target }, 'Switching over');
    // What is written before the shutdown need not be written during it.
    await checkpoint(this.#core, Math.min(30, context.cluster.current?.spec.switchoverDelay ?? 30));
    memory.handover = { to: target, why: 'switchover', since: clock() };
    this.#core.wake();
  }

  /** A busy machine answers late, and a standby may be about to catch up: only what lasts is a reason to refuse. */
  #mayPass(target: string): boolean {
    const { clock } = this.#core;
    if (this.#doubted?.target !== target) this.#doubted = { target, since: clock() };
    return clock() - this.#doubted.since < doubtMs;
  }

  /** What no waiting changes. */
  #refusal(target: string): string | undefined {
    if (!others(this.#core).some(({ instance }) => instance === target)) return 'it is not a member of this cluster';
    return isFenced(this.#core.context.cluster.current, target) ? 'it is fenced' : undefined;
  }

  async #unfitTarget(target: string): Promise<string | undefined> {
    const { context, session } = this.#core;
    if ((await this.#fit(target)).length === 0) return 'it does not answer as a standby that could be promoted';
    const [row] = await session.query<{ lag: string }>(
      `SELECT (pg_catalog.pg_current_wal_lsn() - flush_lsn)::text AS lag FROM pg_catalog.pg_stat_replication
        WHERE application_name = $1 AND state = 'streaming'`,
      [target],
    );
    if (!row) return `it does not stream from ${context.environment.podName}`;
    return BigInt(row.lag) > mostLag ? `it is ${row.lag} bytes behind, more than ${mostLag}` : undefined;
  }

  /** A wish that cannot be fulfilled is taken back, unless somebody wished for something else meanwhile. */
  async #takeBack(target: string, problem: string): Promise<void> {
    const { context } = this.#core;
    const { namespace, clusterName, podName } = context.environment;
    const found = context.cluster.current;
    if (found?.status?.targetPrimary !== target) return;
    const patch = { metadata: { resourceVersion: found.metadata.resourceVersion }, status: { targetPrimary: podName } };
    await context.kube.patchStatus(resource.clusters, { namespace, name: clusterName }, patch, {
      signal: AbortSignal.timeout(3000),
    });
    const at = new Date().toISOString();
    const event = {
      ...{ apiVersion: 'v1', kind: 'Event', type: 'Warning', reason: 'SwitchoverRefused', count: 1 },
      metadata: { name: `${clusterName}.switchover.${Date.now().toString(16)}`, namespace },
      involvedObject: {
        apiVersion: found.apiVersion,
        kind: 'Cluster',
        namespace,
        name: clusterName,
        uid: found.metadata.uid,
      },
      message: `No switchover to ${target}: ${problem}`,
      ...{ firstTimestamp: at, lastTimestamp: at, source: { component: fieldManager.instance } },
    };
    await context.kube.create(resource.events, event, { signal: AbortSignal.timeout(3000) }).catch(() => undefined);
  }

  /** Postgres has stopped: the lease is given back, and who is to have it is told. */
  async #release(): Promise<void> {
    const { memory, store, state, context, clock, peers } = this.#core;
    const { handover } = memory;
    if (!handover) return;
    const lease = leaseState(this.#core);
    if (handover.released !== undefined || lease === 'other') {
      if (lease === 'other' || clock() - (handover.released ?? 0) > patience) memory.handover = undefined;
      return;
    }
    if (lease !== 'mine' || memory.renewing || postgresRole(this.#core) !== 'down') return;
    await state.update({ led: undefined, promotes: undefined, ownsLog: memory.walLost === undefined });
    const record = store.record;
    if (!record) return;
    const {
      uid: _uid,
      version: _version,
      holder: _holder,
      ...content
    } = record as LeaseContent & { uid?: string; version?: string };
    const successor = handover.to === undefined ? {} : { successor: handover.to };
    const departure = await this.#departure(record.epoch, handover);
    const outcome = await store.write({ ...content, ...successor, departure }, timingOf(this.#core).retryPeriod * 1000);
    if (outcome !== 'done') return;
    memory.handover = { ...handover, released: clock() };
    this.#refuseUntil = clock() + refuseMs;
    memory.freshUntil = undefined;
    context.log.info(
      { rule: 'release', why: handover.why, to: handover.to, milliseconds: clock() - handover.since },
      'The lease is given back',
    );
    const told = record.members.filter((member) =>
      handover.to === undefined ? !sameMember(member, record.holder ?? member) : member.instance === handover.to,
    );
    await peers.askAll('handover', told.slice(0, 1), { epoch: record.epoch }, 1000);
    this.#core.wake();
  }

  async #departure(epoch: number, { why, since }: Handover): Promise<Departure> {
    const { context, clock } = this.#core;
    const data = await observeDataDirectory(context.environment.paths.data);
    const clean = data.state === 'valid' && data.control.state === 'shut down';
    return {
      ...{ epoch, instance: context.environment.podName, why },
      since: new Date(Date.now() - (clock() - since)).toISOString(),
      stopped: new Date().toISOString(),
      ...(clean ? { lsn: formatLsn(data.control.checkpoint), timeline: data.control.checkpointTimeline } : {}),
    };
  }

  /** Whether the end of this process has to wait for the lease to be given back, and for clients to be led elsewhere; not for long. */
  get releasing(): boolean {
    const { memory, clock, store } = this.#core;
    const { handover } = memory;
    if (this.#seeking || (this.#refuseUntil !== undefined && clock() < this.#refuseUntil)) return true;
    // Its promise may be the only quorum that there is (rule 13): it is there to be asked.
    if (handover?.released !== undefined && store.record && anySynchronous(store.record)) {
      return leaseState(this.#core) === 'released' && clock() - handover.released < promiseMs;
    }
    return (
      handover !== undefined &&
      handover.released === undefined &&
      leaseState(this.#core) === 'mine' &&
      clock() - handover.since < 60_000
    );
  }
}
