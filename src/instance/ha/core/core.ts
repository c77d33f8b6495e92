import { passedOver } from '../../../../state-machines/election/succession.ts';
import { sameMember } from '../../../../state-machines/protocol/position.ts';
import { dispensable } from '../../../../state-machines/synchronous/lives.ts';
import type { LeaseMember, LeaseTiming, Member } from '../../../../state-machines/protocol/types.ts';
import type { Cluster } from '../../../api/generated/cluster.ts';
import type { Surroundings } from '../../world/surroundings.ts';
import type { Session } from '../../sql/session.ts';
import type { InstanceView } from '../../world/view.ts';
import type { Chronicle } from './chronicle.ts';
import type { BootClock } from './clock.ts';
import type { Fitness } from './fitness.ts';
import type { HistoryArchive } from './history-archive.ts';
import type { LeaseContent } from './lease-record.ts';
import type { LeaseStore } from './lease-store.ts';
import type { Life, LifeFile } from './life-file.ts';
import type { Peers } from './peers.ts';
import type { StateFile } from './state-file.ts';
import type { Promises } from './promises.ts';

/** What the manager forgets when it ends (docs/ha-protocol.md §2). Times on the boot clock. */
export interface Memory {
  /** Start of the last renewal known to have succeeded + renewDeadline (rule 1). */
  freshUntil?: number | undefined;
  holdUntil?: number | undefined;
  renewing: boolean;
  lastAttempt?: number | undefined;
  claiming: boolean;
  /** From the claim until it serves. */
  promoting: boolean;
  handover?:
    | {
        readonly to: string | undefined;
        readonly why: 'switchover' | 'termination' | 'restart';
        readonly since: number;
        released?: number;
      }
    | undefined;
  /** Members that asked to be listed, by name. */
  readonly joining: Map<string, LeaseMember>;
  /** Where members say that they are reached, by name, with the address that the lease has instead. */
  readonly heard: Map<string, { readonly member: LeaseMember; readonly instead: string }>;
  /** Incarnations, by name, that asked to be no part of any configuration any more (rule 28). */
  readonly leaving: Map<string, string>;
  /** As primary: names under which somebody streams from here, as last seen. */
  streaming?: ReadonlySet<string> | undefined;
  /** What our last renewal wrote. */
  held?: LeaseContent;
  /** A change of the configurations that goes with the next renewal. */
  amend?: ((content: LeaseContent) => LeaseContent) | undefined;
  /** The highest epoch that another says to have promised (rule 17). */
  promisedElsewhere?: number;
  /** No WAL is received until then, whoever is primary: the position is being taken for a promise. */
  closedUntil?: number | undefined;
  /** PostgreSQL was ordered to start as primary; until then it may come up. */
  startingUntil?: number;
  /** synchronous_standby_names as it was last rendered. */
  names?: string;
  follow?: Life['follow'] | undefined;
  /** What this instance has is not a beginning of what this holder has. */
  diverged?: Member | undefined;
  /** The lease that was claimed had been given back by its holder. */
  released?: boolean;
  /** PostgreSQL was promoted to another timeline than the epoch's: it does not serve again before somebody has looked. */
  wrongTimeline?: string;
  /** What the promotion to this epoch has come to, as far as it cannot be observed. */
  promotion?: PromotionNotes;
  /** A rewind to this member was refused or failed: a clone is made instead. */
  notRewindable?: Member;
  /** The volume of the WAL is not the one that this data directory was written with: for people. */
  walLost?: string | undefined;
  /** For people: where this standby has stopped to follow its primary. */
  stalled?: string | undefined;
  /** Own slot on the primary, as last seen: whether its WAL is gone; undefined: there is none. */
  slot?: { readonly lost: boolean } | undefined;
  /** Questions in a row that the lease's holder has not answered (Pulse). */
  unansweredPulses: number;
  /** Somebody handed the lease over to us: no need to wait for others who may be ahead. */
  called?: number | undefined;
}

export const newMemory = (): Memory => ({
  renewing: false,
  claiming: false,
  promoting: false,
  unansweredPulses: 0,
  joining: new Map(),
  heard: new Map(),
  leaving: new Map(),
});

/** See PromotionFacts. */
export interface PromotionNotes {
  readonly epoch: number;
  readonly began: number;
  orderedAt?: number;
  oldLabel: 'on' | 'off' | 'tried';
  peersTold: boolean;
  ownLabel: boolean;
  /** When the status was written last. */
  published?: number;
  /** All was done once: what is left is to keep the status. */
  over: boolean;
}

/** Everything that the parts of the protocol share. */
export interface HaCore {
  readonly context: Surroundings;
  readonly clock: BootClock;
  /** Of our own, so that nothing queues before it. */
  readonly session: Session;
  readonly store: LeaseStore;
  readonly state: StateFile;
  readonly chronicle: Chronicle;
  readonly life: LifeFile;
  readonly peers: Peers;
  readonly promises: Promises;
  readonly fitness: Fitness;
  readonly memory: Memory;
  /** Undefined until there is one. */
  readonly archive: () => HistoryArchive | undefined;
  readonly view: () => InstanceView | undefined;
  /** Makes the manager's next turn come at once. */
  readonly wake: () => void;
  readonly signal: AbortSignal;
}

/** Seconds (rule 3). */
export const leaseTiming = (cluster: Cluster | undefined): LeaseTiming => ({
  duration: cluster?.spec.primaryLease?.leaseDurationSeconds ?? 15,
  renewDeadline: cluster?.spec.primaryLease?.renewDeadlineSeconds ?? 10,
  retryPeriod: cluster?.spec.primaryLease?.retryPeriodSeconds ?? 2,
});

export const timingOf = ({ context }: Pick<HaCore, 'context'>): LeaseTiming => leaseTiming(context.cluster.current);

export const selfOf = ({ context, state }: Pick<HaCore, 'context' | 'state'>): Member => ({
  instance: context.environment.podName,
  incarnation: state.current.incarnation,
});

export const addressedSelf = (core: HaCore): LeaseMember => ({
  ...selfOf(core),
  address: core.context.environment.podIp,
});

/**
 * The lease as this instance sees it. It is not ours any more once a higher epoch was promised to another. One that names another in
 * an epoch below the one that this directory leads in comes from a restored API: the leader makes it anew (rule 8).
 */
export function leaseState(core: HaCore): 'mine' | 'other' | 'released' | 'absent' | 'unknown' {
  const { observed, record } = core.store;
  const { led, promised } = core.state.current;
  if (!observed) return 'unknown';
  if (!record || (led !== undefined && record.epoch < led && promised === led)) return 'absent';
  if (!record.holder) return 'released';
  if (!sameMember(record.holder, selfOf(core))) return 'other';
  return promised <= record.epoch ? 'mine' : 'other';
}

/** The lease says less than this instance has seen of it: the API server was restored from a backup (rule 8, ADR 26). */
export const leaseIsOlder = ({ store, state }: Pick<HaCore, 'store' | 'state'>): boolean =>
  store.lastRecord !== undefined && store.lastRecord.epoch < state.current.configurationEpoch;

/** What is in the data directory is a primary's, and somebody else has held the lease since (election/succession.ts). */
export function isPassedOver(core: HaCore): boolean {
  const { store, state, view } = core;
  const data = view()?.data;
  const { lastRecord: record } = store;
  if (data?.state !== 'valid' || !record) return false;
  const { holder, departure, epoch } = record;
  const self = selfOf(core);
  const ours = holder ? sameMember(holder, self) : departure?.epoch === epoch && departure.instance === self.instance;
  return passedOver({ primaryData: !data.standby, epoch: state.current.configurationEpoch }, { epoch, ours });
}

export const isFresh = ({ memory, clock }: HaCore): boolean =>
  memory.freshUntil !== undefined && clock() < memory.freshUntil;

/** Milliseconds in which PostgreSQL, ordered to start, may come up unseen. */
const startMs = 5000;

/** Before PostgreSQL is started as primary; from now on nothing is promised to anybody. False: the role is not ours any more. */
export function beginStart(core: HaCore): boolean {
  const { state, store, memory, clock } = core;
  if (leaseState(core) !== 'mine' || !isFresh(core) || state.current.led !== store.record?.epoch) return false;
  memory.startingUntil = clock() + startMs;
  return true;
}

/** Nothing is received now: the position is being taken for a promise. */
export const isClosed = ({ memory, clock }: HaCore): boolean =>
  memory.closedUntil !== undefined && clock() < memory.closedUntil;

/** What is in the data directory is to be made anew. */
export const condemned = ({ memory, state }: Pick<HaCore, 'memory' | 'state'>): boolean =>
  memory.diverged !== undefined || memory.walLost !== undefined || state.current.unfinished !== undefined;

/** What is in the data directory may be wiped: no set in the lease counts on it, or none would ever be in force with it (rule 28). */
export const mayBeWiped = (core: Pick<HaCore, 'context' | 'state' | 'store'>): boolean => {
  const { state, store } = core;
  return store.record !== undefined && dispensable(store.record, selfOf(core), state.current.unfinished !== undefined);
};

/**
 * A message of a member from an address that the lease does not have. It is the holder who writes addresses, and while there is none
 * nobody is reached who was started anew: what he says himself is believed until the lease says something else.
 */
export function hear({ memory, store }: HaCore, from: Member, address: string): void {
  const listed = store.lastRecord?.members.find((member) => sameMember(member, from));
  if (!listed) return;
  if (listed.address === address) memory.heard.delete(from.instance);
  else memory.heard.set(from.instance, { member: { ...from, address }, instead: listed.address });
}

const reached = ({ memory }: HaCore, listed: LeaseMember): LeaseMember => {
  const heard = memory.heard.get(listed.instance);
  return heard && heard.instead === listed.address && sameMember(heard.member, listed) ? heard.member : listed;
};

export const others = (core: HaCore): LeaseMember[] =>
  ((core.store.record ?? core.store.lastRecord)?.members ?? [])
    .filter(({ instance }) => instance !== core.context.environment.podName)
    .map((member) => reached(core, member));

/** The member that holds the lease, with its address, when it is another. */
export function holderOf(core: HaCore): LeaseMember | undefined {
  const record = core.store.record;
  const holder = record?.holder;
  if (!holder || holder.instance === core.context.environment.podName) return undefined;
  const listed = record.members.find((member) => sameMember(member, holder));
  return listed && reached(core, listed);
}

export function setFresh(core: HaCore, until: number): void {
  core.memory.freshUntil = Math.max(core.memory.freshUntil ?? 0, until);
  core.life.set({ ...core.life.current, freshUntil: core.memory.freshUntil });
  // One second more than the fence itself has: it is for when the fence cannot (rule 2).
  core.context.supervisor.heartbeat(Math.ceil(core.memory.freshUntil / 10) + 100);
}
