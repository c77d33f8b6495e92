import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { PromotionAction } from '../../../state-machines/promotion/machine.ts';
import { labelSelf, publishPrimary, tellPeers, unlabelOld } from './announce.ts';
import { checkpoint } from './checkpoint.ts';
import { type HaCore, isFresh } from './core/core.ts';
import { plantSegments } from './filler-segments.ts';
import { hasHistory, localHistory, missingHistories, plantHistories, removeTimeline } from '../wal/history-files.ts';
import { findHistories } from './history-sources.ts';
import { endPostgres, runningPostmaster } from './core/local-postgres.ts';
import { standbyPosition } from './core/position.ts';
import { askServer } from './promotion-server.ts';

/** An unreachable API server has failed an earlier step: its answer is not waited for any longer than this. */
const labelMs = 200;
/** A renewal is asked for no more often than this, whatever its period. */
const renewMs = 500;
/** Seconds that the checkpoint after a promotion may take. */
const checkpointSeconds = 600;
/** Between two tries to label or to publish. */
const retryMs = 3000;

/** What the promotion's table orders, each as often as it says so. */
export class PromotionSteps {
  readonly #core: HaCore;
  #labelled: Promise<boolean> = Promise.resolve(true);

  constructor(core: HaCore) {
    this.#core = core;
  }

  async perform(action: PromotionAction, epoch: number): Promise<void> {
    const { memory, state, clock } = this.#core;
    switch (action.type) {
      case 'stay':
        return;
      case 'renew':
        // The fence renews, and nobody else.
        if (clock() - (memory.lastAttempt ?? 0) > renewMs) memory.lastAttempt = undefined;
        await delay(20);
        return;
      case 'close-receiver':
        return this.#closeReceiver();
      case 'take-label-off-old-primary':
        await Promise.race([unlabelOld(this.#core), delay(labelMs)]);
        if (memory.promotion) memory.promotion.oldLabel = 'tried';
        return;
      case 'apply-configuration':
        // The manager's next turn writes it and reloads.
        this.#core.wake();
        await delay(20);
        return;
      case 'plant-histories':
        return this.#plant(epoch);
      case 'persist-led':
        await state.update({ led: epoch, promotes: epoch, ownsLog: true, configurationEpoch: epoch });
        return;
      case 'promote':
        return this.#promote(epoch);
      case 'tell-peers':
        return this.#inService(epoch);
      case 'set-own-label':
        return this.#label();
      case 'write-status':
        return this.#publish();
      case 'end-postgres':
        return this.#end();
      case 'stop-and-alarm':
        return this.#alarm(epoch);
      default:
        return action satisfies never;
    }
  }

  /** The configuration without primary_conninfo is written by the manager's next turn. */
  async #closeReceiver(): Promise<void> {
    const { memory, life, wake } = this.#core;
    memory.follow = undefined;
    const { follow: _follow, ...rest } = life.current;
    life.set(rest);
    wake();
    await delay(20);
  }

  async #plant(epoch: number): Promise<void> {
    const { context, session, view, state } = this.#core;
    const { log, environment } = context;
    const { data } = environment.paths;
    const seen = view()?.data;
    const found = seen?.state === 'valid' ? await standbyPosition(session, data, seen.control) : undefined;
    if (!found) throw new Error('the position cannot be taken');
    const { position } = found;
    if (position.timeline >= epoch) throw new Error(`timeline ${position.timeline} is not before epoch ${epoch}`);
    if (await hasHistory(data, epoch)) {
      // Only its own promotion, which did not come to its end, may have begun the epoch's timeline.
      if (state.current.promotes !== epoch) throw new Error(`timeline ${epoch} was begun by somebody else`);
      await removeTimeline(data, epoch);
      log.warn({ rule: 'half-a-promotion', epoch }, 'What an interrupted promotion has left is removed');
    }
    const missing = await missingHistories(data, position.timeline, epoch);
    const real = await findHistories(this.#core, missing, epoch);
    const planted = await plantHistories(data, position, epoch, real.files);
    log.info({ rule: 'plant-histories', epoch, ...planted, silent: real.silent }, 'History files are in place');
  }

  async #promote(epoch: number): Promise<void> {
    const { memory, session, clock, context, chronicle } = this.#core;
    const server = await askServer(this.#core);
    if (!isFresh(this.#core) || server?.replayed === undefined) return;
    chronicle.step('promoting', { timeline: epoch, lsn: server.replayed });
    if (memory.promotion) memory.promotion.orderedAt = clock();
    memory.promoting = true;
    context.log.info({ rule: 'promote', epoch }, 'Promoting');
    await session.query('SELECT pg_catalog.pg_promote(false)');
  }

  /** On the right timeline: from here on it is followed and led to. */
  async #inService(epoch: number): Promise<void> {
    const { memory, context, clock, wake, chronicle } = this.#core;
    memory.promoting = false;
    await this.#plantSegments(epoch);
    chronicle.step('promoted');
    const notes = memory.promotion;
    if (notes) notes.peersTold = true;
    const milliseconds = clock() - (notes?.began ?? clock());
    context.log.info({ rule: 'promoted', epoch, milliseconds }, 'In service as the primary');
    wake();
    // Who does not hear it sees it in the lease.
    void tellPeers(this.#core, epoch).catch(() => undefined);
    // By itself PostgreSQL takes minutes for it; until then a crash has more to recover, and nobody can be rewound onto this one.
    void checkpoint(this.#core, checkpointSeconds);
  }

  /** Before anybody follows: standbys that ended on an older timeline are to get past the fillers (rule 24). */
  async #plantSegments(epoch: number): Promise<void> {
    const { context, view } = this.#core;
    const { paths } = context.environment;
    const data = view()?.data;
    if (data?.state !== 'valid') return;
    // After a raise of the epoch alone the timeline is an older one.
    const timeline = (await askServer(this.#core))?.timeline ?? epoch;
    const made = await localHistory(paths.data, timeline)
      .then((history) => plantSegments(path.join(paths.data, 'pg_wal'), history, data.control.walSegmentSize))
      .catch((error: unknown) => {
        context.log.warn({ err: error, rule: 'plant-segments' }, 'Segments for fillers cannot be made');
        return [];
      });
    if (made.length > 0) context.log.info({ rule: 'plant-segments', epoch, made }, 'Fillers have their segment');
  }

  /** Not waited for, so that the status is written at once. */
  async #label(): Promise<void> {
    const notes = this.#core.memory.promotion;
    if (!notes) return;
    notes.ownLabel = true;
    this.#labelled = labelSelf(this.#core);
    void this.#labelled.then(async (done) => {
      if (done) return;
      await delay(retryMs);
      notes.ownLabel = false;
      notes.over = false;
    });
  }

  async #publish(): Promise<void> {
    const { memory, clock, wake, chronicle } = this.#core;
    if (!(await publishPrimary(this.#core))) {
      await delay(retryMs);
      return;
    }
    if (memory.promotion) memory.promotion.published = clock();
    void this.#labelled.then((done) => {
      if (done) chronicle.step('routed');
    });
    wake();
  }

  async #end(): Promise<void> {
    const { memory, wake } = this.#core;
    const pid = runningPostmaster(this.#core);
    if (pid !== undefined) endPostgres(pid);
    memory.promoting = false;
    wake();
  }

  async #alarm(epoch: number): Promise<void> {
    const { memory } = this.#core;
    const server = await askServer(this.#core);
    await this.#end();
    memory.wrongTimeline = `PostgreSQL chose timeline ${server?.timeline ?? '?'} instead of ${epoch}`;
    throw new Error(memory.wrongTimeline);
  }
}
