import { setTimeout as delay } from 'node:timers/promises';
import { promotion, type PromotionAction, type PromotionFacts } from '../../../state-machines/promotion/machine.ts';
import { type HaCore, leaseState, type PromotionNotes } from './core/core.ts';
import { hasHistory, missingHistories } from '../wal/history-files.ts';
import { postgresRole } from './core/local-postgres.ts';
import { timelineAt } from './core/position.ts';
import { PromotionSteps } from './promotion-steps.ts';
import { type AskedServer, askServer } from './promotion-server.ts';
import { synchronousNames } from './synchronous/names.ts';

/** A turn goes on as long as there is something to do at once. */
const steps = 20;
/** Milliseconds after which a status that still names another is written again. */
const statusPatience = 2000;
/** The default of spec.postgresql.promotionTimeout, in seconds. */
const defaultTimeout = 40_000_000;

/** From the claim to service (§5, promotion): observes, lets the table decide, has it done. Begins anew wherever it was left. */
export class Promoter {
  readonly #core: HaCore;
  readonly #perform: (action: PromotionAction, epoch: number) => Promise<void>;
  #running = false;
  #said = '';

  constructor(core: HaCore, perform?: (action: PromotionAction, epoch: number) => Promise<void>) {
    this.#core = core;
    const actions = new PromotionSteps(core);
    this.#perform = perform ?? ((action, epoch) => actions.perform(action, epoch));
  }

  /** What this process knows of the promotion to this epoch. */
  #notes(epoch: number): PromotionNotes {
    const { memory, clock } = this.#core;
    if (memory.promotion?.epoch !== epoch) {
      memory.promotion = {
        ...{ epoch, began: clock(), peersTold: false, ownLabel: false, over: false },
        // One who gave the lease back has stopped before: nobody is led to him.
        oldLabel: memory.released === true ? 'off' : 'on',
      };
    }
    return memory.promotion;
  }

  #statusWritten({ published }: PromotionNotes): boolean {
    const { context, clock } = this.#core;
    if (published !== undefined && clock() - published < statusPatience) return true;
    return context.cluster.current?.status?.currentPrimary === context.environment.podName;
  }

  /** Nothing to look at: the lease is another's, or all was done and the status still says so. */
  get #idle(): boolean {
    const { memory, store } = this.#core;
    if (leaseState(this.#core) !== 'mine') return !memory.promoting;
    const { promotion: notes } = memory;
    return notes?.epoch === store.record?.epoch && notes?.over === true && this.#statusWritten(notes);
  }

  async facts(): Promise<PromotionFacts> {
    const { clock, memory, store, state, view, context } = this.#core;
    const epoch = store.record?.epoch ?? 0;
    const notes = this.#notes(epoch);
    const server = view()?.postmaster.state === 'up' ? await askServer(this.#core) : undefined;
    const postgres = this.#postgres(server);
    const timeout = context.cluster.current?.spec.postgresql?.promotionTimeout ?? defaultTimeout;
    return {
      now: clock(),
      leaving: memory.handover !== undefined || context.terminatingSince() !== undefined,
      elected: leaseState(this.#core) === 'mine',
      epoch,
      promised: state.current.promised,
      ...(memory.freshUntil === undefined ? {} : { freshUntil: memory.freshUntil }),
      renewing: memory.renewing,
      ...(memory.holdUntil === undefined ? {} : { holdUntil: memory.holdUntil }),
      postgres,
      ...(notes.orderedAt === undefined ? {} : { orderedAt: notes.orderedAt }),
      promotionTimeout: timeout * 1000,
      receiverClosed: server?.receiving === false && memory.follow === undefined,
      oldLabel: notes.oldLabel,
      configurationInEffect: postgres !== 'standby' || (await this.#configurationInEffect()),
      historiesPlanted: postgres !== 'standby' || (await this.#planted(server, epoch)),
      ledPersisted: state.current.led === epoch && state.current.promotes === epoch && state.current.ownsLog,
      promoted: state.current.promotes === epoch,
      ...(server?.timeline === undefined ? {} : { timeline: server.timeline }),
      peersTold: notes.peersTold,
      ownLabel: notes.ownLabel,
      statusWritten: this.#statusWritten(notes),
    };
  }

  #postgres(server: AskedServer | undefined): PromotionFacts['postgres'] {
    const { memory, view } = this.#core;
    const role = postgresRole(this.#core);
    const running = view()?.postmaster.state;
    if (role === 'down' || running === 'down') return 'down';
    if (memory.promoting && server?.standby !== false) return 'promoting';
    if (running === 'stopping') return 'stopping';
    if (running !== 'up' || server === undefined) return 'starting';
    return server.standby ? 'standby' : 'primary';
  }

  /** Rule 15: it enters service with exactly the set that its claim has published. */
  async #configurationInEffect(): Promise<boolean> {
    const [row] = await this.#core.session.query<{ names: string }>(
      "SELECT pg_catalog.current_setting('synchronous_standby_names') AS names",
    );
    return row?.names === synchronousNames(this.#core);
  }

  async #planted(server: AskedServer | undefined, epoch: number): Promise<boolean> {
    const { context, view } = this.#core;
    const data = view()?.data;
    if (data?.state !== 'valid' || server?.replayed === undefined) return false;
    const { data: directory } = context.environment.paths;
    const timeline = await timelineAt(directory, server.replayed, data.control);
    if (await hasHistory(directory, epoch)) return false;
    return (await missingHistories(directory, timeline, epoch)).length === 0;
  }

  /** Decides, and does what was decided, until there is nothing to be done at once. */
  async tick(): Promise<void> {
    if (this.#running || !this.#core.store.observed || this.#idle) return;
    this.#running = true;
    try {
      for (let step = 0; step < steps && !this.#idle; step++) {
        const facts = await this.facts();
        const { state, action } = promotion.decide(facts);
        this.#say(state, action.rule, facts.epoch);
        if (state === 'leading') this.#notes(facts.epoch).over = true;
        if (action.type === 'stay' && state !== 'promoting') return;
        // PostgreSQL takes some ten milliseconds.
        if (action.type === 'stay') await delay(10, undefined, { signal: this.#core.signal });
        else await this.#perform(action, facts.epoch);
      }
    } catch (error) {
      this.#core.context.log.error({ err: error, rule: 'promote' }, 'The promotion stopped and is begun anew');
      await delay(100);
    } finally {
      this.#running = false;
    }
  }

  #say(state: string, rule: string, epoch: number): void {
    const { context, memory, clock } = this.#core;
    const text = `${state} ${rule}`;
    if (text === this.#said) return;
    this.#said = text;
    const milliseconds = clock() - (memory.promotion?.began ?? clock());
    context.log.info({ rule, state, epoch, milliseconds }, 'Promotion');
  }
}
