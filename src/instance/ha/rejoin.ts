import { silence } from '../../../state-machines/election/machine.ts';
import { sameMember } from '../../../state-machines/protocol/position.ts';
import type { LeaseMember } from '../../../state-machines/protocol/types.ts';
import { rejoin, type RejoinAction, type RejoinFacts } from '../../../state-machines/rejoin/machine.ts';
import { hasArchive } from '../../api/cluster/plugin-store.ts';
import { condemned, type HaCore, holderOf, isClosed, leaseState, mayBeWiped } from './core/core.ts';
import { removeFillers } from '../wal/history-files.ts';
import { endPostgres, runningPostmaster } from './core/local-postgres.ts';
import { Progress } from './progress.ts';
import type { Rebuild } from './rebuild.ts';
import { ancestry, follows, type Holder, holderFrom, notYet, postgresFact } from './rejoin-facts.ts';
import { newestTimeline, standbyProgress } from './core/position.ts';
import { rewindObstacleFrom } from './rewind-source.ts';

/** Milliseconds without progress after which something is done about it, and how often, before the data is made anew. */
const patience = 30_000;
const maxTries = 3;
/** A primary that is followed is asked where it is this often. */
const askAgain = 2000;

/** How an instance that is not primary gets to stream (rules 16, 21, 27, 28): observes, lets the table decide, has it done. */
export class Rejoin {
  readonly #core: HaCore;
  readonly #rebuild: Rebuild;
  #holder: Holder | undefined;
  #askedAt = 0;
  #progress: Progress;
  /** Incarnation of whom the progress is measured against. */
  #followed: string | undefined;
  #rewindable: { readonly from: string; readonly obstacle: string | undefined } | undefined;
  /** Incarnation of the primary whose checkpoint is waited for. */
  #awaited: string | undefined;
  #said = '';

  constructor(core: HaCore, rebuild: Rebuild) {
    this.#core = core;
    this.#rebuild = rebuild;
    this.#progress = new Progress(core.clock());
  }

  async tick(incomplete: boolean): Promise<void> {
    const { view, store, memory } = this.#core;
    if (!store.record || view()?.data.state !== 'valid' || memory.promoting) return;
    const facts = await this.facts(incomplete);
    if (!facts) return;
    const { state, action } = rejoin.decide(facts);
    this.#say(state, action.rule, facts);
    await this.#perform(action, incomplete);
  }

  /** Undefined: there is nothing to decide about, as for a primary that serves. */
  async facts(incomplete: boolean): Promise<RejoinFacts | undefined> {
    const { clock, memory, store, state, view, context } = this.#core;
    const member = holderOf(this.#core);
    const holdsLease = leaseState(this.#core) === 'mine';
    const data = view()?.data;
    // What was a primary is turned into a standby first, and only then looked at.
    const primary = data?.state === 'valid' && !data.standby;
    if (holdsLease || !member || (primary && !condemned(this.#core))) return undefined;
    this.#reconsider(member);
    await this.#ask();
    const connected = follows(this.#core, member);
    const holder = this.#holder;
    const checked = this.#rewindable?.from === member.incarnation ? this.#rewindable : undefined;
    // A copy that was not completed has no state of its own to go back from.
    const possible = checked === undefined ? 'unknown' : checked.obstacle === undefined ? 'yes' : 'no';
    const rewindable = incomplete ? 'no' : possible;
    const streaming = view()?.server?.receiver === 'streaming';
    const { current: cluster } = context.cluster;
    const archive = cluster !== undefined && hasArchive(cluster);
    const { notRewindable } = memory;
    return {
      now: clock(),
      holdsLease,
      standing: memory.claiming || isClosed(this.#core),
      primary: holder ? 'answers' : 'silent',
      primaryEpoch: store.record?.epoch ?? 0,
      promised: state.current.promised,
      data: memory.walLost === undefined ? 'whole' : 'damaged',
      unfinished: state.current.unfinished ?? 'none',
      rewinding: this.#rebuild.running,
      postgres: postgresFact(this.#core, incomplete),
      ancestor: holder ? await ancestry(this.#core, holder, incomplete) : 'unknown',
      connected,
      progressAt: this.#progress.at,
      patience,
      tries: this.#progress.tries,
      maxTries,
      walGone: memory.slot?.lost === true && !streaming && !archive,
      rewindable,
      rewindFailed: notRewindable !== undefined && sameMember(notRewindable, member),
      inForce: !mayBeWiped(this.#core),
    };
  }

  /**
   * The verdict was about the history of one who is primary no more, and the copy from him did not come to its end: the directory, which
   * is as it was, is started once more and judged by the history of the new one. A stopped server tells nobody where it is.
   */
  #reconsider(holder: LeaseMember): void {
    const { memory, state, wake, context } = this.#core;
    const { diverged } = memory;
    if (!diverged || sameMember(diverged, holder) || this.#rebuild.running || state.current.unfinished !== undefined)
      return;
    memory.diverged = undefined;
    context.log.info(
      { rule: 'verdict-of-another', was: diverged.instance, holder: holder.instance },
      'To be judged anew',
    );
    wake();
  }

  /** One that is followed already need not be asked in every turn. */
  async #ask(): Promise<void> {
    const { clock, peers, store, memory } = this.#core;
    const member = holderOf(this.#core);
    if (!member) return;
    const known = this.#holder !== undefined && sameMember(this.#holder.member, member) && follows(this.#core, member);
    if (known && clock() - this.#askedAt < askAgain) return;
    // The next primary is not to find us waiting for the answer of the one before.
    if (!known && memory.unansweredPulses >= silence) {
      this.#holder = undefined;
      return;
    }
    this.#askedAt = clock();
    const epoch = store.record?.epoch ?? 0;
    const { promised } = this.#core.state.current;
    // An abandoned candidacy: the primary raises its epoch (rule 17), and is followed again.
    const above = promised > epoch ? { promised } : {};
    const report = await peers.ask('position', member, { epoch, ...above }, 500);
    this.#holder = holderFrom(this.#core, member, report);
    if (this.#holder) await this.#observe(this.#holder);
  }

  async #observe({ member, written }: Holder): Promise<void> {
    const { clock, session, memory, view } = this.#core;
    if (!follows(this.#core, member) || view()?.postmaster.state !== 'up') return;
    const own = await standbyProgress(session).catch(() => undefined);
    if (!own) return;
    this.#progress.observe({ ...own, written }, clock());
    if (this.#progress.tries === 0 && clock() - this.#progress.at < patience) memory.stalled = undefined;
  }

  async #perform(action: RejoinAction, incomplete: boolean): Promise<void> {
    const { memory, life, wake } = this.#core;
    switch (action.type) {
      case 'stay':
      case 'ask-history':
        return this.#wait(incomplete);
      case 'connect':
        return this.#connect(incomplete);
      case 'disconnect': {
        const { follow: _follow, ...rest } = life.current;
        memory.follow = undefined;
        life.set(rest);
        wake();
        return;
      }
      case 'reconnect':
        return this.#reconnect();
      case 'check-rewind':
        return this.#checkRewind();
      case 'stop-postgres':
        this.#condemn();
        return;
      case 'rewind':
        this.#rebuild.begin('rewind');
        return;
      case 'ask-to-be-removed':
        this.#rebuild.askToLeave();
        return;
      case 'ask-for-clone':
        this.#condemn();
        if (runningPostmaster(this.#core) === undefined) this.#rebuild.begin('clone');
        return;
      default:
        return action satisfies never;
    }
  }

  /** From here on the manager stops PostgreSQL and does not start it before the data is made anew. */
  #condemn(): void {
    const { memory, wake } = this.#core;
    const member = holderOf(this.#core);
    if (member) memory.diverged ??= { instance: member.instance, incarnation: member.incarnation };
    wake();
  }

  /** A copy in the making that runs, follows nobody and answers nothing is ended: its place is checked before its start. */
  #wait(incomplete: boolean): void {
    const { view } = this.#core;
    const running = runningPostmaster(this.#core);
    const member = holderOf(this.#core);
    if (!incomplete || running === undefined || !member || follows(this.#core, member) || !this.#holder) return;
    if (view()?.server === undefined) endPostgres(running);
  }

  async #connect(incomplete: boolean): Promise<void> {
    const { state, store, memory, life, context, wake, view } = this.#core;
    const holder = this.#holder;
    const record = store.record;
    const data = view()?.data;
    if (!holder || !record || data?.state !== 'valid') return;
    const { paths } = context.environment;
    const running = runningPostmaster(this.#core);
    if (!incomplete) {
      const above = await newestTimeline(this.#core.session, paths.data, data.control);
      const removed = above === undefined ? [] : await removeFillers(paths.data, above, holder.history);
      if (removed.length > 0 && running !== undefined) {
        context.log.warn({ rule: 'fillers-removed', removed }, 'A promotion that was given up is undone by a restart');
        endPostgres(running);
        return;
      }
    }
    const { instance, incarnation, address: ip } = holder.member;
    const configurationEpoch = Math.max(record.epoch, state.current.configurationEpoch);
    const configurationVersion = record.configurations.at(-1)?.version ?? 0;
    await state.update({ configurationEpoch, configurationVersion, promised: record.epoch, ownsLog: false });
    // Promised to another meanwhile: nothing is received from this one any more (rules 11, 16).
    if (isClosed(this.#core) || state.current.promised > record.epoch) return;
    memory.follow = { instance, incarnation, ip, postmaster: running ?? notYet, epoch: record.epoch };
    life.set({ ...life.current, follow: memory.follow });
    this.#rewindable = undefined;
    if (this.#followed !== incarnation) this.#progress = new Progress(this.#core.clock());
    this.#followed = incarnation;
    this.#progress.connected(this.#core.clock());
    context.log.info({ rule: 'on-the-history', primary: instance, epoch: record.epoch }, 'Following the primary');
    wake();
  }

  /** A restart of the standby forgets whatever its recovery has got itself into; it is checked again before it connects. */
  #reconnect(): void {
    const { memory, context, clock } = this.#core;
    const { written } = this.#holder ?? {};
    memory.stalled = `this standby has not advanced for ${Math.round((clock() - this.#progress.at) / 1000)} s, its primary is at ${written?.toString(16)}`;
    this.#progress.reconnected(clock());
    context.log.warn({ rule: 'stalled', tries: this.#progress.tries }, memory.stalled);
    const running = runningPostmaster(this.#core);
    // Not in good order: what hangs would not let it stop.
    if (running !== undefined) endPostgres(running);
  }

  async #checkRewind(): Promise<void> {
    const { view, context } = this.#core;
    const data = view()?.data;
    const holder = this.#holder;
    if (!holder || data?.state !== 'valid') return;
    const obstacle = await rewindObstacleFrom(this.#core, holder.history).catch((error: unknown) => String(error));
    const { instance, incarnation } = holder.member;
    // It is asked again in the next turn.
    if (obstacle === undefined && !holder.checkpointed) {
      if (this.#awaited !== incarnation)
        context.log.info(
          { rule: 'rewind-awaits-checkpoint', holder: instance },
          'This instance is not on the history of the primary, and waits to be rewound for a checkpoint of its timeline',
        );
      this.#awaited = incarnation;
      return;
    }
    this.#awaited = undefined;
    this.#rewindable = { from: incarnation, obstacle };
    context.log.warn(
      { rule: 'not-on-the-history', holder: instance, obstacle },
      'This instance is not on the history of the primary',
    );
  }

  #say(state: string, rule: string, { progressAt, tries }: RejoinFacts): void {
    const text = `${state} ${rule}`;
    if (text === this.#said) return;
    this.#said = text;
    this.#core.context.log.debug({ rule, state, progressAt, tries }, 'Rejoin');
  }
}
