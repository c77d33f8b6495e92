import { sameMember } from '../../../state-machines/protocol/position.ts';
import { fence, type FenceAction, type FenceFacts } from '../../../state-machines/fence/machine.ts';
import { namedOtherwise } from '../../../state-machines/synchronous/lives.ts';
import { addressedSelf, type HaCore, isFresh, leaseState, others, selfOf, setFresh, timingOf } from './core/core.ts';
import { endPostgres, postgresRole, runningPostmaster } from './core/local-postgres.ts';
import { contentOf, emptyContent, type LeaseContent } from './core/lease-record.ts';
import { membersAfter } from './synchronous/configuration.ts';

/** Milliseconds that a primary may take to come back where it is while another could take over. */
const restartLimit = 10_000;

/** Keeps postgres from accepting writes without a fresh lease, and the lease from being lost without need (rules 1–6). */
export class Fence {
  readonly #core: HaCore;
  #said = '';
  #ended: number | undefined;
  #downSince: number | undefined;
  #patience = restartLimit;

  constructor(core: HaCore) {
    this.#core = core;
  }

  /** The lease is ours and this directory is what led in its epoch, or before a raise of it that was interrupted: to be served again (rule 9). */
  get #serves(): boolean {
    const { memory, state, store, context } = this.#core;
    return (
      leaseState(this.#core) === 'mine' &&
      state.current.led !== undefined &&
      state.current.led <= (store.record?.epoch ?? 0) &&
      memory.handover === undefined &&
      memory.wrongTimeline === undefined &&
      context.terminatingSince() === undefined
    );
  }

  facts(): FenceFacts {
    const { clock, memory, store, state } = this.#core;
    if (leaseState(this.#core) !== 'mine') this.#downSince = undefined;
    const role = postgresRole(this.#core);
    const writer = role === 'primary';
    // Nothing runs that would have to be ended: what counts is that the lease is renewed before it does.
    const until = writer || isFresh(this.#core) ? memory.freshUntil : undefined;
    const mine = leaseState(this.#core) === 'mine';
    const chosen = mine && role === 'standby' && state.current.promised === store.record?.epoch;
    const waiting = chosen || (role === 'down' && (this.#serves || (mine && memory.handover !== undefined)));
    return {
      now: clock(),
      postgres: writer || waiting ? 'primary' : role,
      lease: leaseState(this.#core),
      ...(until === undefined ? {} : { freshUntil: until }),
      renewing: memory.renewing,
      ...(memory.lastAttempt === undefined ? {} : { lastAttempt: memory.lastAttempt }),
      retryPeriod: timingOf(this.#core).retryPeriod * 1000,
      apiAnswers: store.apiAnswers,
      fit: this.#fit(writer),
    };
  }

  #fit(writer: boolean): boolean {
    const { memory, view, fitness, clock } = this.#core;
    const seen = view();
    if (memory.promoting || memory.handover !== undefined || seen?.facts.fenced === true) return true;
    const good = fitness.within(timingOf(this.#core).retryPeriod * 2000);
    if (writer && seen?.postmaster.state === 'up' && good) {
      this.#downSince = undefined;
      this.#patience = restartLimit;
      return true;
    }
    // Rule 23: a restart in place, with a deadline while anybody else could serve.
    // Nobody took the lease though it expired: another try, with more time.
    const { duration } = timingOf(this.#core);
    if (this.#downSince !== undefined && clock() - this.#downSince > this.#patience + 2000 * duration) {
      this.#downSince = undefined;
      this.#patience *= 2;
    }
    this.#downSince ??= clock();
    return others(this.#core).length === 0 || clock() - this.#downSince < this.#patience;
  }

  /** A whole turn, without waiting for anything. */
  tick(): void {
    const { context } = this.#core;
    const { state, action } = fence.decide(this.facts());
    const text = `${state} ${action.rule}`;
    if (state === 'tripped' && text !== this.#said) {
      context.log.error({ rule: action.rule, state }, 'The fence ends PostgreSQL');
    } else if (text !== this.#said) context.log.debug({ rule: action.rule, state }, 'Fence');
    this.#said = text;
    this.#perform(action);
    this.#relieve();
    this.#giveUp();
  }

  /** What was ended is gone: the watchdog's deadline for it would hit a manager that is about to hand over. */
  #relieve(): void {
    if (this.#ended === undefined || runningPostmaster(this.#core) !== undefined) return;
    this.#ended = undefined;
    this.#core.context.supervisor.heartbeat();
  }

  /** What could not be served again in time is handed over: who only sits on the lease keeps everybody else from it (rule 23). */
  #giveUp(): void {
    const { memory, clock, context } = this.#core;
    if (!this.#serves || isFresh(this.#core) || postgresRole(this.#core) !== 'down' || this.#fit(false)) return;
    context.log.warn({ rule: 'give-up-restart' }, 'PostgreSQL did not come back in time: another is to serve');
    memory.handover = { to: undefined, why: 'restart', since: clock() };
    this.#core.wake();
  }

  #perform(action: FenceAction): void {
    const { memory, context } = this.#core;
    switch (action.type) {
      case 'stay':
        return;
      case 'end-postgres': {
        const pid = runningPostmaster(this.#core);
        if (pid !== undefined && pid !== this.#ended) endPostgres(pid);
        this.#ended = pid;
        memory.promoting = false;
        this.#core.wake();
        return;
      }
      case 'renew':
      case 'recreate':
      case 'ask-for-hold':
        memory.renewing = true;
        void (action.type === 'ask-for-hold' ? this.#holdRound() : this.#renew(action.type))
          .catch((error: unknown) => context.log.debug({ err: error }, 'The lease was not renewed'))
          .finally(() => {
            memory.renewing = false;
          });
        return;
      default:
        return action satisfies never;
    }
  }

  /**
   * The lease with ourselves as holder, with what is to be changed in it. One that was deleted or restored is made as it was; where
   * somebody has promised above our epoch and we still lead, the epoch is raised (rules 6, 8, 17).
   */
  #content(): LeaseContent | undefined {
    const { store, context, state, memory } = this.#core;
    const { led } = state.current;
    const { clusterUid, systemIdentifier } = state.current;
    const current = store.record && store.record.epoch >= (led ?? 0) ? contentOf(store.record) : undefined;
    const known = current ?? memory.held ?? (store.lastRecord && contentOf(store.lastRecord));
    const before = known ?? { ...emptyContent(clusterUid, systemIdentifier), epoch: led ?? 0 };
    const leads = led === before.epoch && !memory.promoting && memory.handover === undefined;
    const epoch = Math.max(before.epoch, leads ? (memory.promisedElsewhere ?? 0) : 0);
    if (epoch === 0) return undefined;
    const names = context.cluster.current?.status?.instanceNames ?? [];
    const members = membersAfter(before, addressedSelf(this.#core), memory.joining.values(), names);
    const { successor: _successor, ...kept } = before;
    const content = { ...kept, epoch, holder: selfOf(this.#core), members };
    return memory.amend && memory.handover === undefined ? memory.amend(content) : content;
  }

  async #renew(how: 'renew' | 'recreate'): Promise<void> {
    const { clock, memory, store, state } = this.#core;
    const { renewDeadline, retryPeriod } = timingOf(this.#core);
    const start = clock();
    memory.lastAttempt = start;
    if (leaseState(this.#core) !== (how === 'renew' ? 'mine' : 'absent')) {
      await store.read(retryPeriod * 1000);
      memory.lastAttempt = undefined;
      return;
    }
    const content = this.#content();
    if (!content) return;
    const { amend } = memory;
    const joined = [...memory.joining.values()];
    const outcome = await store.write(content, retryPeriod * 1000);
    // The server answers, but the lease was another than we thought: what it is we know now.
    if (outcome === 'refused') memory.lastAttempt = undefined;
    // Whatever became of it, the change is decided anew from what the lease then says.
    if (memory.amend === amend) memory.amend = undefined;
    if (outcome !== 'done') return;
    setFresh(this.#core, start + renewDeadline * 1000);
    memory.held = content;
    const { epoch, members, configurations } = content;
    for (const member of joined) {
      const waits = namedOtherwise(content, member);
      if (!waits && memory.joining.get(member.instance) === member) memory.joining.delete(member.instance);
    }
    for (const [name, incarnation] of memory.leaving) {
      if (!members.some((listed) => sameMember(listed, { instance: name, incarnation }))) memory.leaving.delete(name);
    }
    const seen = { configurationEpoch: epoch, configurationVersion: configurations.at(-1)?.version ?? 0 };
    const { led } = state.current;
    // Raised, or a raise that was interrupted: it goes on, on its own timeline.
    const raised = led === epoch ? {} : { led: epoch, promotes: undefined };
    if (led !== undefined) await state.update({ ...raised, promised: epoch, ...seen });
    this.#core.wake();
  }

  /** Fail-safe (§5): only all others together stand in for the API server. */
  async #holdRound(): Promise<void> {
    const { clock, memory, peers, store } = this.#core;
    const { renewDeadline, retryPeriod } = timingOf(this.#core);
    const start = clock();
    memory.lastAttempt = start;
    const asked = store.read(retryPeriod * 1000).catch(() => undefined);
    const { led } = this.#core.state.current;
    if (led !== undefined && leaseState(this.#core) === 'mine') {
      const answers = await peers.askAll('hold', others(this.#core), { epoch: led }, retryPeriod * 750);
      if (answers.every(({ answer }) => answer?.granted === true)) setFresh(this.#core, start + renewDeadline * 1000);
    }
    await asked;
  }
}
