import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Lease } from '../../kube/objects.ts';
import { Reflector } from '../../kube/reflector.ts';
import { resource } from '../../kube/resource-types.ts';
import { clusterScopedName, readWriteService, role } from '../../naming.ts';
import type { PrimaryAddress } from '../configuration/settings.ts';
import type { Routes } from '../http/respond.ts';
import { syncDirectory } from '../../util/files.ts';
import { Session } from '../sql/session.ts';
import { bootTime } from '../supervisor/boot-clock.ts';
import { observeDataDirectory } from '../postmaster/observe.ts';
import type { Farewell } from '../postmaster/stop.ts';
import { isOwnData } from '../world/own-data.ts';
import type { Surroundings } from '../world/surroundings.ts';
import type { InstanceView } from '../world/view.ts';
import { Chronicle, type RoleChange } from './core/chronicle.ts';
import { bootClock } from './core/clock.ts';
import {
  beginStart,
  condemned,
  type HaCore,
  isFresh,
  isPassedOver,
  leaseState,
  leaseTiming,
  newMemory,
  others,
  timingOf,
} from './core/core.ts';
import { Elector } from './elector.ts';
import { Fence } from './fence.ts';
import { Fitness } from './core/fitness.ts';
import { Follower } from './follow.ts';
import { isIsolated } from './isolation.ts';
import { LeaseStore } from './core/lease-store.ts';
import { LifeFile } from './core/life-file.ts';
import { lostWal } from './lost-wal.ts';
import { postgresRole, runningPostmaster } from './core/local-postgres.ts';
import { Peers } from './core/peers.ts';
import { Planned } from './planned.ts';
import type { HistoryArchive } from './core/history-archive.ts';
import { Promoter } from './promoter.ts';
import { promotionOutcome } from './promotion-outcome.ts';
import { Pulse } from './pulse.ts';
import { finishRebuild, Rebuild } from './rebuild.ts';
import { StateFile } from './core/state-file.ts';
import { synchronousNames } from './synchronous/names.ts';
import { Promises } from './core/promises.ts';
import { Doorkeeper } from './synchronous/doorkeeper.ts';
import { QuorumObject } from './synchronous/quorum-object.ts';
import { SynchronousSet } from './synchronous/set.ts';
import { voterRoutes } from './voter.ts';

const tickMs = 100;
/** While PostgreSQL stops so that another can go on. */
const releaseTickMs = 20;
const leaseReadMs = 2000;
const wrongTimeline =
  "PostgreSQL was promoted to another timeline than its epoch's: it is not started again before somebody has looked";

interface Parts {
  readonly core: HaCore;
  readonly fence: Fence;
  readonly pulse: Pulse;
  readonly elector: Elector;
  readonly promoter: Promoter;
  readonly follower: Follower;
  readonly planned: Planned;
  readonly rebuild: Rebuild;
  readonly set: SynchronousSet;
  readonly doorkeeper: Doorkeeper;
  readonly quorum: QuorumObject;
}

/** The high-availability protocol of one instance (docs/ha-protocol.md), beside the manager's loop and faster than it. */
export class HighAvailability implements AsyncDisposable {
  readonly #context: Surroundings;
  readonly #store: LeaseStore;
  readonly #session: Session;
  readonly #newcomer: Session;
  readonly #view: () => InstanceView | undefined;
  readonly #wake: () => void;
  readonly #life: LifeFile;
  #parts: Parts | undefined;
  #problem: string | undefined;
  #alarm: (() => void) | undefined;
  #archive: HistoryArchive | undefined;

  constructor(context: Surroundings, view: () => InstanceView | undefined, wake: () => void) {
    this.#context = context;
    this.#view = view;
    this.#wake = wake;
    const { environment, kube, cluster } = context;
    const { namespace, clusterName } = environment;
    this.#life = new LifeFile(context.supervisor.directory);
    const server = { socketDirectory: environment.paths.sockets, port: environment.port, timeout: 2000 };
    [this.#session, this.#newcomer] = [new Session(server), new Session(server)];
    this.#store = new LeaseStore({
      kube,
      key: { namespace, name: clusterScopedName(clusterName) },
      clock: bootClock,
      timing: () => leaseTiming(cluster.current),
    });
  }

  /** Whether this instance is to be primary, by the lease. A standby runs in any case, so that it can be asked. */
  named(): 'self' | 'other' | 'nobody' {
    const core = this.#parts?.core;
    const data = this.#view()?.data;
    if (!core || data?.state !== 'valid') return 'nobody';
    const lease = leaseState(core);
    const serves = postgresRole(core) === 'primary';
    // Stopped to hand over, it waits until another has the lease: only then is it a standby.
    const passedOver = isPassedOver(core);
    if (core.memory.handover) return serves || lease === 'other' || passedOver ? 'other' : 'nobody';
    if (core.memory.wrongTimeline !== undefined || this.#promotionOutcome === 'wrong') return 'nobody';
    if (core.memory.walLost !== undefined && lease !== 'other') return 'nobody';
    // Rule 9: a directory that has led is primary again only in the epoch that it leads, not after a promise to another.
    if (lease === 'mine' && !data.standby && core.state.current.led !== core.store.record?.epoch) return 'nobody';
    if (lease === 'mine' && isFresh(core)) return 'self';
    const { incomplete } = this.#parts?.follower ?? {};
    // A copy in the making is started for the primary that it was checked against.
    if (incomplete && this.primary === undefined && runningPostmaster(core) === undefined) return 'nobody';
    if (lease === 'other') return 'other';
    return data.standby || passedOver ? 'other' : 'nobody';
  }

  /** Whom this standby may stream from. */
  get primary(): PrimaryAddress | undefined {
    return this.#parts?.follower.primary;
  }

  /** Value of synchronous_standby_names; empty before anything is known. */
  get synchronousNames(): string {
    const core = this.#parts?.core;
    if (!core) return this.#life.current.names ?? '';
    const names = synchronousNames(core);
    core.memory.names = names;
    this.#life.set({ ...this.#life.current, names });
    return names;
  }

  /** Clients are not let in yet (rule 23). */
  get refusesClients(): boolean {
    return this.#parts?.doorkeeper.refuses ?? this.#life.current.shut !== undefined;
  }

  /** To be asked at the last moment before PostgreSQL is started as primary: false, when that is not its role any more. */
  mayStartAsPrimary(): boolean {
    const core = this.#parts?.core;
    return core !== undefined && beginStart(core);
  }

  /** What this instance has must be thrown away: it is on no other. */
  get diverged(): boolean {
    const core = this.#parts?.core;
    return core !== undefined && condemned(core);
  }

  /** Cut off from the API server and from every other instance: for the liveness probe. */
  async isolated(): Promise<boolean> {
    const core = this.#parts?.core;
    if (!core) return false;
    return isIsolated(this.#context.cluster.current?.spec.probes?.liveness?.isolationCheck, {
      primary: postgresRole(core) === 'primary',
      others: others(core).map(({ address }) => address),
      apiAnswers: () => core.store.apiAnswers,
      reach: (address, limits) => core.peers.reach(address, limits),
    });
  }

  get releasing(): boolean {
    return this.#parts?.planned.releasing ?? false;
  }

  /** What stands in the way, for people. */
  get problems(): string[] {
    const wrong = this.#promotionOutcome === 'wrong' ? wrongTimeline : undefined;
    const { core, rebuild } = this.#parts ?? {};
    const { walLost, stalled } = core?.memory ?? {};
    const found = [this.#problem, rebuild?.problem, core?.memory.wrongTimeline ?? wrong, walLost, stalled];
    return found.filter((problem) => problem !== undefined);
  }

  /** How this instance became the primary the last time. */
  get roleChange(): RoleChange | undefined {
    return this.#parts?.core.chronicle.current;
  }

  /** Where this standby has stopped to follow its primary, for people. */
  get stalled(): string | undefined {
    return this.#parts?.core.memory.stalled;
  }

  /** To whom the role is being handed over, and why. */
  get handover(): { readonly to?: string; readonly why: string } | undefined {
    const handover = this.#parts?.core.memory.handover;
    return handover && { ...(handover.to === undefined ? {} : { to: handover.to }), why: handover.why };
  }

  get routes(): Routes {
    return voterRoutes(() => this.#parts?.core);
  }

  /** PostgreSQL has stopped for it: how the data is made anew is decided by the rejoin's own table, which is asked at once. */
  rebuild(): void {
    this.#alarm?.();
  }

  get rewinding(): boolean {
    return this.#parts?.rebuild.rewinding ?? false;
  }

  /** Before a directory that was a primary becomes a standby. */
  async demoted(): Promise<void> {
    await this.#parts?.core.state.update({ led: undefined });
  }

  /** The epoch that this directory leads; undefined for a standby. */
  get led(): number | undefined {
    return this.#parts?.core.state.current.led;
  }

  /** PostgreSQL died in the middle of its promotion: it must be a standby again before it is started. */
  get halfPromoted(): boolean {
    return this.#promotionOutcome === 'half';
  }

  get #promotionOutcome(): ReturnType<typeof promotionOutcome> {
    const state = this.#parts?.core.state.current;
    return state ? promotionOutcome(state, this.#view()?.data) : 'none';
  }

  /** What the primary says of this instance's own slot there. */
  slotSeen(slot: { readonly lost: boolean } | undefined): void {
    if (this.#parts) this.#parts.core.memory.slot = slot;
  }

  /** Where history files are looked for that no instance has. */
  useArchive(archive: HistoryArchive): void {
    this.#archive = archive;
  }

  /**
   * Whether a client's session is open. Asked over the protocol's own session, which stays open during a smart shutdown so that the
   * lease can still be renewed on PostgreSQL's word; rejects when it is gone.
   */
  async hasClients(): Promise<boolean> {
    const [row] = await this.#session.query<{ clients: number }>(
      `SELECT count(*)::int AS clients FROM pg_catalog.pg_stat_activity
        WHERE backend_type = 'client backend' AND application_name NOT IN ('howdah', '${role.metrics}')`,
    );
    return (row?.clients ?? 0) > 0;
  }

  /** Somebody else is a member, whether he answers or not. */
  get hasOthers(): boolean {
    return this.#parts !== undefined && others(this.#parts.core).length > 0;
  }

  farewell(): Promise<Farewell> {
    return this.#parts?.planned.farewell() ?? Promise.resolve({ successor: false, heir: false, grace: undefined });
  }

  /** Feeds the watchdog: as primary it gets the fence's own deadline, otherwise a turn of the loop is enough. */
  heartbeat(): void {
    const { supervisor } = this.#context;
    const core = this.#parts?.core;
    const until = core ? core.memory.freshUntil : this.#life.current.freshUntil;
    const writer = core ? postgresRole(core) === 'primary' : supervisor.postgresPid() !== undefined;
    supervisor.heartbeat(
      writer && until !== undefined && until / 10 > bootTime() ? Math.ceil(until / 10) + 100 : undefined,
    );
  }

  async run(signal: AbortSignal): Promise<void> {
    const { kube, environment } = this.#context;
    const { namespace, clusterName } = environment;
    const reflector = new Reflector<Lease>(kube, resource.leases, {
      namespace,
      fieldSelector: `metadata.name=${clusterScopedName(clusterName)}`,
    });
    reflector.on('change', (change) => this.#take(change.type === 'deleted' ? undefined : change.object));
    this.#store.on('change', () => {
      this.#wake();
      this.#alarm?.();
    });
    await Promise.all([reflector.run(signal), this.#readAlways(signal), this.#loop(signal)]);
  }

  #take(object: Lease | undefined): void {
    try {
      this.#store.take(object);
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
    }
  }

  /** A watch may be silent without saying so: the lease is read all the time, too. */
  async #readAlways(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const core = this.#parts?.core;
      if (!core || postgresRole(core) !== 'primary') await this.#store.read(leaseReadMs).catch(() => undefined);
      await delay(this.#store.observed ? leaseReadMs / 2 : 100, undefined, { signal }).catch(() => undefined);
    }
  }

  async #loop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (!this.#parts) await this.#open(signal);
        if (this.#parts) this.#turn(this.#parts);
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error);
        if (problem !== this.#problem) this.#context.log.error({ err: error }, 'A turn of the protocol failed');
        this.#problem = problem;
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#parts?.planned.releasing ? releaseTickMs : tickMs);
        this.#alarm = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  #turn({ core, fence, pulse, elector, promoter, follower, planned, rebuild, set, doorkeeper, quorum }: Parts): void {
    // Before anything else (rule 3).
    fence.tick();
    const seen = this.#view();
    const gone = seen?.postmaster.pid !== undefined && runningPostmaster(core) === undefined;
    if (gone) this.#wake();
    for (const part of [pulse, elector, promoter, follower, planned, set, doorkeeper, quorum]) {
      part.tick().catch((error: unknown) => this.#context.log.error({ err: error }, 'A part of the protocol failed'));
    }
    void rebuild.removeOld().catch(() => undefined);
  }

  /** Needs to know which cluster and which data: before that, nobody's question is answered and nothing is started. */
  async #open(signal: AbortSignal): Promise<void> {
    const { cluster, environment, supervisor } = this.#context;
    const uid = cluster.current?.metadata.uid;
    if (uid === undefined) return;
    if (!(await isOwnData(environment, uid))) return;
    await finishRebuild(environment.paths.data);
    const data = await observeDataDirectory(environment.paths.data);
    if (data.state !== 'valid') return;
    // Seen under its name is not yet there for good: what is acknowledged from here on must not go with the name.
    if (environment.startsBeside) await syncDirectory(path.dirname(environment.paths.data));
    const state = await StateFile.open(environment.paths.state, uid, data.control.systemIdentifier);
    const { freshUntil } = this.#life.current;
    const memory = { ...newMemory(), ...(supervisor.postgresPid() === undefined ? {} : { freshUntil }) };
    memory.walLost = await lostWal(environment.paths.data);
    if (memory.walLost !== undefined) this.#context.log.error({ rule: 'wal-lost' }, memory.walLost);
    const walStorage = cluster.current?.spec.walStorage ? [environment.paths.wal] : [];
    const core: HaCore = {
      ...{ context: this.#context, clock: bootClock, session: this.#session, store: this.#store, state, memory },
      chronicle: await Chronicle.open(environment.paths.state),
      life: this.#life,
      peers: new Peers({
        certificates: environment.paths.certificates,
        servername: readWriteService(environment.clusterName),
        clusterUid: state.current.clusterUid,
        podUid: environment.podUid,
        address: environment.podIp,
        self: () => ({ instance: environment.podName, incarnation: state.current.incarnation }),
      }),
      promises: new Promises(),
      fitness: new Fitness(this.#session, this.#newcomer, [environment.paths.state, ...walStorage], bootClock),
      ...{ archive: () => this.#archive, view: this.#view, wake: this.#wake, signal },
    };
    const everyMs = (): number => (timingOf(core).retryPeriod * 1000) / 2;
    void core.fitness.run(everyMs, () => postgresRole(core) === 'primary', signal);
    const rebuild = new Rebuild(core);
    this.#parts = {
      core,
      ...{
        fence: new Fence(core),
        pulse: new Pulse(core),
        elector: new Elector(core),
        promoter: new Promoter(core),
        follower: new Follower(core, rebuild),
      },
      ...{ planned: new Planned(core), rebuild, set: new SynchronousSet(core) },
      ...{ doorkeeper: new Doorkeeper(core), quorum: new QuorumObject(core) },
    };
    this.#context.log.info(
      { incarnation: state.current.incarnation, promised: state.current.promised, led: state.current.led },
      'Taking part in the protocol',
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#parts?.core.peers[Symbol.dispose]();
    await this.#session[Symbol.asyncDispose]();
  }
}
