import { setTimeout as delay } from 'node:timers/promises';
import {
  type Candidacy,
  election,
  type ElectionAction,
  type ElectionFacts,
} from '../../../state-machines/election/machine.ts';
import { unsatisfied } from '../../../state-machines/protocol/quorum.ts';
import { sameMember } from '../../../state-machines/protocol/position.ts';
import type { GrantedPromise, LeaseMember, Position } from '../../../state-machines/protocol/types.ts';
import { stands } from './candidate.ts';
import { Canvassing, leaseId } from './canvass.ts';
import { hasNeverLed } from './core/position.ts';
import {
  addressedSelf,
  condemned,
  type HaCore,
  leaseIsOlder,
  leaseState,
  others,
  selfOf,
  setFresh,
  timingOf,
} from './core/core.ts';
import { gather } from './gather.ts';
import { contentOf, emptyContent, type LeaseContent } from './core/lease-record.ts';
import { postgresRole } from './core/local-postgres.ts';
import { fromWire, toWire } from './core/messages.ts';
import { patienceFacts } from './patience.ts';
import { checkpointTimeline, freeEpoch } from './reservation.ts';
import type { Asked } from './core/peers.ts';
import { anySynchronous, configurationFor, modeOf } from './synchronous/configuration.ts';
import { standbysOf } from './synchronous/names.ts';
import { persistPromise, truePosition } from './synchronous/promise.ts';
import { asksForQuorum, wishedTarget } from '../../postgres/synchronous-wish.ts';

const candidacyMs = 2000;
/** A promise takes the time in which a standby reads what it has received. */
const promiseMs = 1800;
/** Refusals that stay, however often one asks in this epoch. */
const forGood = new Set(['candidate-behind', 'epoch-not-above-promise']);
/** From a released lease to the claim there are five. */
const steps = 8;

const granted = (answers: readonly Asked<'promise'>[], epoch: number): GrantedPromise[] =>
  answers.flatMap(({ member: { instance, incarnation }, answer }) => {
    if (answer?.granted !== true || !answer.position) return [];
    const position = fromWire(answer.position);
    return [{ member: { instance, incarnation }, epoch, position, ownsLog: answer.ownsLog === true }];
  });

interface Stand extends Candidacy {
  readonly began: number;
  /** uid and version of the lease that it began with. */
  readonly lease: string;
  readonly position?: Position;
  readonly promises: readonly GrantedPromise[];
}

/** The way of this instance to the lease: canvass, prevote, promises, claim (§5, election). */
export class Elector {
  readonly #core: HaCore;
  readonly #canvassing: Canvassing;
  #candidacy: Stand | undefined;
  #backOffUntil: number | undefined;
  #busy = false;
  #said = '';
  /** The epoch of the last claim whose success this process has taken note of. */
  #enteredIn: number | undefined;

  constructor(core: HaCore) {
    this.#core = core;
    this.#canvassing = new Canvassing(core);
  }

  /**
   * A cluster's very first claim, or the first one since there are leases: no member list exists, and the Cluster itself says whose
   * directory it is.
   */
  get #first(): boolean {
    const { context, store, state, view } = this.#core;
    const { status } = context.cluster.current ?? {};
    const named = status?.currentPrimary || status?.targetPrimary;
    const data = view()?.data;
    return (
      store.observed?.record === 'blank' &&
      context.cluster.seen &&
      named === context.environment.podName &&
      hasNeverLed(state.current) &&
      data?.state === 'valid' &&
      !data.standby
    );
  }

  /**
   * In the lease's list; when the lease was deleted, in the list that it had: somebody must be able to make it again when its holder
   * does not (rule 6). Synchronous configurations that are gone with it cannot be tested by what we remember (rule 8). Who never saw
   * the lease may make it where there is nobody else.
   */
  get #member(): boolean {
    const { store, context } = this.#core;
    const self = selfOf(this.#core);
    const known = store.lastRecord;
    const testable = store.record !== undefined || known?.configurations.every(({ number }) => number === 0) === true;
    if (known) return testable && known.members.some((member) => sameMember(member, self));
    const names = context.cluster.current?.status?.instanceNames ?? [];
    return context.cluster.seen && names.length === 1 && names[0] === self.instance && !this.#core.memory.diverged;
  }

  facts(): ElectionFacts {
    const { clock, memory, store, context } = this.#core;
    const record = store.lastRecord;
    const neverServed = (context.cluster.current?.status?.currentPrimary ?? '') === '';
    const patience = patienceFacts(this.#core);
    const delay = (context.cluster.current?.spec.failoverDelay ?? 0) * 1000;
    const canvass = this.#canvassing.fresh;
    const candidacy = this.#candidacy;
    return {
      now: clock(),
      ...patience,
      ...(this.#first && neverServed && patience.lease !== 'mine' ? { lease: 'released' } : {}),
      entered: this.#entered,
      member: this.#first || this.#member,
      whole: stands(this.#core),
      apiAnswers: store.apiAnswers,
      paused: record?.paused !== undefined,
      ...(memory.holdUntil === undefined ? {} : { holdUntil: memory.holdUntil }),
      delayed: patience.lease === 'held' && patience.unchangedFor < patience.patience + delay,
      holderAnswers: canvass?.holderAnswers ?? false,
      leaseInDoubt: this.#inDoubt(),
      standing: canvass && this.#canvassing.lacksSome ? 'behind' : (canvass?.standing ?? 'unknown'),
      quorumInReach: canvass?.quorumInReach ?? true,
      ...(this.#backOffUntil === undefined ? {} : { backOffUntil: this.#backOffUntil }),
      ...(candidacy === undefined
        ? {}
        : {
            candidacy: {
              ...candidacy,
              quorum: unsatisfied(record?.configurations ?? [], candidacy.promises) === undefined,
              overtaken: this.#overtaken(candidacy),
              timedOut: clock() - candidacy.began > candidacyMs && candidacy.claim === 'unsent',
            },
          }),
    };
  }

  /**
   * A lease in the epoch that was promised last is ours by a claim; after a raise that was interrupted it is above (rule 9). Who gives
   * it back does not enter again, nor does one whose data are to be made anew.
   */
  get #entered(): boolean {
    const { store, state } = this.#core;
    const { led, promised } = state.current;
    const epoch = store.record?.epoch;
    if (leaseState(this.#core) !== 'mine' || this.#leaving || condemned(this.#core)) return true;
    return this.#candidacy === undefined && (epoch !== promised || led === epoch || this.#enteredIn === epoch);
  }

  get #leaving(): boolean {
    const { handover } = this.#core.memory;
    return handover !== undefined && handover.released === undefined;
  }

  /** The lease is older than what this instance has seen of it, or was deleted and nobody here knows what was in it (rule 8). */
  #inDoubt(): boolean {
    const { store, state, context } = this.#core;
    const { configurationEpoch } = state.current;
    if (store.lastRecord) return leaseIsOlder(this.#core);
    const { spec } = context.cluster.current ?? {};
    return configurationEpoch > 0 && spec !== undefined && asksForQuorum(spec);
  }

  /** In sync a renewal alone says nothing: an epoch does, that is not below ours. */
  #overtaken({ lease, epoch, claim }: Stand): boolean {
    const { record } = this.#core.store;
    if (claim !== 'unsent') return false;
    if (record && modeOf(record) === 'sync') return epoch > 0 && record.epoch >= epoch;
    return lease !== leaseId(this.#core);
  }

  /** Decides once, and begins what was decided unless something is under way. Resolves when that is done. */
  async tick(): Promise<void> {
    const { context, store } = this.#core;
    if (this.#busy || !store.observed) return;
    this.#busy = true;
    try {
      for (let step = 0; step < steps && this.#concerned; step++) {
        const { state, action } = election.decide(this.facts());
        if (`${state} ${action.rule}` !== this.#said) {
          this.#said = `${state} ${action.rule}`;
          context.log.info({ rule: action.rule, state, epoch: this.#candidacy?.epoch }, 'Election');
        }
        if (action.type === 'stay') return;
        await this.#perform(action);
      }
    } finally {
      this.#busy = false;
    }
  }

  /** PostgreSQL may serve already while the answer to the claim is looked for. */
  get #concerned(): boolean {
    return postgresRole(this.#core) !== 'primary' || this.#candidacy !== undefined;
  }

  async #perform(action: ElectionAction): Promise<void> {
    switch (action.type) {
      case 'stay':
        return;
      case 'ask-positions':
        return this.#canvassing.ask();
      case 'ask-prevotes':
        this.#askPrevotes();
        return;
      case 'promise-to-self':
        return this.#promise();
      case 'ask-promises':
        return this.#askPromises();
      case 'claim':
        return this.#claim();
      case 'enter':
        return this.#enter();
      case 'read-back':
        return this.#readBack();
      case 'give-up':
        this.#giveUp();
        return;
      default:
        return action satisfies never;
    }
  }

  #giveUp(): void {
    if (this.#candidacy) this.#canvassing.stoodInVain();
    this.#candidacy = undefined;
    this.#core.memory.claiming = false;
    this.#canvassing.forget();
    this.#backOffUntil = this.#core.clock() + 100 + Math.random() * 300;
  }

  #askPrevotes(): void {
    this.#candidacy = {
      ...{ epoch: 0, promised: false, quorum: false, overtaken: false, refused: false, timedOut: false, promises: [] },
      ...{ prevote: this.#canvassing.last?.prevote ?? 'refused', claim: 'unsent' },
      ...{ began: this.#core.clock(), lease: leaseId(this.#core) },
    };
  }

  /** The first one of all keeps the timeline that the directory was made with. */
  #epoch(): Promise<number | undefined> {
    if (this.#first) return Promise.resolve(Math.max(1, checkpointTimeline(this.#core)));
    return freeEpoch(this.#core, this.#canvassing.last?.epochs ?? []);
  }

  /** Where a quorum is asked for, the own log's end must be known for good before (rule 11). */
  #promise(): Promise<void> {
    return this.#core.promises.alone(async () => {
      const { store, state, memory, context, clock } = this.#core;
      const asked = store.lastRecord !== undefined && anySynchronous(store.lastRecord);
      const position = asked ? await truePosition(this.#core).catch(() => undefined) : undefined;
      const stand = this.#candidacy;
      if (!stand) return;
      if (asked && !position) context.log.info({ rule: 'position-unknown' }, 'The end of the own log is not known yet');
      // Not before it can be stood for: ids that nobody is promoted in cost a history file each (rule 24).
      const epoch = asked && !position ? undefined : await this.#epoch();
      if (epoch === undefined) {
        this.#giveUp();
        return;
      }
      // A stopped primary that stands is one no more: it leads again only by its own claim (rule 18).
      if (asked) await persistPromise(this.#core, epoch);
      else await state.update({ promised: epoch });
      memory.follow = undefined;
      const { ownsLog } = state.current;
      const own = position ? [{ member: selfOf(this.#core), epoch, position, ownsLog }] : [];
      const known = position ? { position } : {};
      this.#candidacy = { ...stand, epoch, promised: true, promises: own, began: clock(), ...known };
    });
  }

  async #askPromises(): Promise<void> {
    const { peers, context } = this.#core;
    const stand = this.#candidacy;
    if (!stand?.position) {
      this.#giveUp();
      return;
    }
    const { epoch, position } = stand;
    const had = (member: LeaseMember): boolean => stand.promises.some((promise) => sameMember(promise.member, member));
    const asked = others(this.#core).filter((member) => !had(member));
    const what = { epoch, candidate: toWire(position) };
    const configurations = this.#core.store.lastRecord?.configurations ?? [];
    const answers = await gather(
      asked.map((member) => peers.askOne('promise', member, what, promiseMs)),
      (come) => unsatisfied(configurations, [...stand.promises, ...granted(come, epoch)]) === undefined,
    );
    const given = granted(answers, epoch);
    const refused = answers.some(({ answer }) => answer?.granted === false && forGood.has(answer.reason ?? ''));
    context.log.info(
      {
        rule: 'ask-for-promises',
        epoch,
        answers: answers.map(({ member, answer }) => [member.instance, answer?.granted ?? 'silent', answer?.reason]),
      },
      'Promises',
    );
    if (this.#candidacy?.epoch !== epoch) return;
    const promises = [...stand.promises, ...given];
    const missing = unsatisfied(this.#core.store.lastRecord?.configurations ?? [], promises) !== undefined;
    this.#candidacy = { ...this.#candidacy, promises, refused: refused && missing };
    if (missing && !refused) await delay(50);
  }

  /** What the claim writes: its own configuration is added to those in force (rule 14), of all who are there to be named. */
  #claimed({ epoch }: Stand): LeaseContent {
    const { store, state, context } = this.#core;
    const { clusterUid, systemIdentifier } = state.current;
    const known = store.lastRecord;
    const { successor: _successor, ...before } = known ? contentOf(known) : emptyContent(clusterUid, systemIdentifier);
    const self = addressedSelf(this.#core);
    const members = [...before.members.filter(({ instance }) => instance !== self.instance), self];
    const spec = context.cluster.current?.spec;
    const target = spec && { target: wishedTarget(spec, standbysOf(this.#core)), quorum: asksForQuorum(spec) };
    const own = target && configurationFor(target, before, selfOf(this.#core), epoch);
    const listed = own && (own.number > 0 || before.configurations.length > 0) ? [own] : [];
    const configurations = [...before.configurations, ...listed];
    return { ...before, holder: selfOf(this.#core), epoch, members, configurations };
  }

  async #claim(): Promise<void> {
    const { clock, memory, store } = this.#core;
    const stand = this.#candidacy;
    // Against the very record that the compare-and-swap is made on (rule 13).
    if (!stand || unsatisfied(store.lastRecord?.configurations ?? [], stand.promises)) return;
    const content = this.#claimed(stand);
    const start = clock();
    memory.claiming = true;
    memory.released = leaseState(this.#core) === 'released';
    this.#candidacy = { ...stand, claim: 'sent', began: start };
    this.#core.chronicle.claiming(addressedSelf(this.#core), store.record, store.unchangedFor());
    const outcome = await store.write(content, timingOf(this.#core).retryPeriod * 1000);
    if (outcome === 'done') return this.#enter();
    this.#candidacy = { ...this.#candidacy, claim: outcome === 'refused' ? 'lost' : 'answer-lost' };
  }

  /** The lease is ours. A claim of this process counts from when it was sent; after any other the fence renews first (rule 1). */
  async #enter(): Promise<void> {
    const { memory, context, store, chronicle } = this.#core;
    const epoch = store.record?.epoch ?? 0;
    const stand = this.#candidacy;
    if (stand?.epoch === epoch && stand.claim !== 'unsent') {
      setFresh(this.#core, stand.began + timingOf(this.#core).renewDeadline * 1000);
      memory.lastAttempt = Math.max(memory.lastAttempt ?? 0, stand.began);
    }
    chronicle.claimed(epoch);
    await this.#lead(epoch);
    memory.claiming = false;
    if (!this.#leaving) memory.handover = undefined;
    memory.called = undefined;
    this.#enteredIn = epoch;
    this.#candidacy = undefined;
    this.#canvassing.forget();
    context.log.info(
      { epoch, rule: 'claim-the-lease', version: store.observed?.object?.metadata?.resourceVersion },
      'This instance holds the lease',
    );
    this.#core.wake();
  }

  /** A directory that is a primary already goes on in the new epoch on its own timeline, unless it is promised to another by now. */
  #lead(epoch: number): Promise<void> {
    const { promises, state, store, view } = this.#core;
    const data = view()?.data;
    if (data?.state !== 'valid' || data.standby) return Promise.resolve();
    return promises.alone(async () => {
      if (leaseState(this.#core) !== 'mine' || state.current.led === epoch) return;
      const configurationVersion = store.record?.configurations.at(-1)?.version ?? 0;
      await state.update({
        led: epoch,
        promotes: undefined,
        ownsLog: true,
        configurationEpoch: epoch,
        configurationVersion,
      });
    });
  }

  async #readBack(): Promise<void> {
    const { store } = this.#core;
    const stand = this.#candidacy;
    if (!stand) return;
    await store.read(timingOf(this.#core).retryPeriod * 1000).catch(() => undefined);
    if (!store.apiAnswers || leaseState(this.#core) === 'mine') return;
    this.#candidacy = { ...stand, claim: 'lost' };
  }
}
