import { existsSync } from 'node:fs';
import path from 'node:path';
import { onHistory } from '../../../state-machines/protocol/history.ts';
import { sameMember } from '../../../state-machines/protocol/position.ts';
import type { PrimaryAddress } from '../configuration/settings.ts';
import { addressedSelf, type HaCore, holderOf } from './core.ts';
import { endPostgres, runningPostmaster } from './local-postgres.ts';
import { standbyPosition } from './position.ts';

/** In the place of a postmaster: the next one that is started. */
const notYet = 0;

/** Whom a standby may stream from: the lease's holder, once this log is known to be a beginning of his (rules 16, 21). */
export class Follower {
  readonly #core: HaCore;
  #busy = false;
  #announcedAt = 0;

  constructor(core: HaCore) {
    this.#core = core;
    const { follow } = core.life.current;
    if (follow) core.memory.follow = follow;
  }

  /** The primary for primary_conninfo, or nobody. */
  get primary(): PrimaryAddress | undefined {
    const { memory, state, store } = this.#core;
    const { follow } = memory;
    if (!follow || follow.postmaster !== (runningPostmaster(this.#core) ?? notYet)) return undefined;
    if (state.current.promised > follow.epoch) return undefined;
    const holder = store.record?.holder;
    // A released lease leaves the one of before: what he still has to send is wanted.
    if (holder && !sameMember(holder, follow)) return undefined;
    return { instance: follow.instance, ip: follow.ip };
  }

  /**
   * A copy that has not reached the end of its backup answers no question, and can be of use to nobody before it has followed the
   * primary: its place is checked before it is started.
   */
  get incomplete(): boolean {
    const data = this.#core.view()?.data;
    if (data?.state !== 'valid' || !data.standby) return false;
    return (
      data.control.backupStart !== 0n ||
      existsSync(path.join(this.#core.context.environment.paths.data, 'backup_label'))
    );
  }

  async tick(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      this.#adopt();
      await this.#announce();
      await this.#check();
    } catch (error) {
      this.#core.context.log.debug({ err: error }, 'The primary cannot be followed yet');
    } finally {
      this.#busy = false;
    }
  }

  /** The start that an incomplete copy was checked for has happened. */
  #adopt(): void {
    const { memory, life } = this.#core;
    const postmaster = runningPostmaster(this.#core);
    if (postmaster === undefined || memory.follow?.postmaster !== notYet) return;
    memory.follow = { ...memory.follow, postmaster };
    life.set({ ...life.current, follow: memory.follow });
  }

  /** Asks the holder to be a member, at the address where we are. */
  async #announce(): Promise<void> {
    const { store, view, peers, clock } = this.#core;
    const holder = holderOf(this.#core);
    const self = addressedSelf(this.#core);
    const record = store.record;
    if (!holder || !record || view()?.server?.standby !== true || clock() - this.#announcedAt < 1000) return;
    const listed = record.members.some((member) => sameMember(member, self) && member.address === self.address);
    if (listed || this.#core.memory.follow === undefined) return;
    this.#announcedAt = clock();
    await peers.ask('announce', holder, { epoch: record.epoch, address: self.address }, 1000);
  }

  async #check(): Promise<void> {
    const { memory, store, state, view, session, context, life } = this.#core;
    const holder = holderOf(this.#core);
    const record = store.record;
    const data = view()?.data;
    const running = runningPostmaster(this.#core);
    if (!holder || !record || data?.state !== 'valid' || state.current.promised > record.epoch) return;
    const { incomplete } = this;
    if (!incomplete && (running === undefined || view()?.server?.standby !== true)) return;
    const postmaster = running ?? notYet;
    const { follow } = memory;
    const known =
      follow && follow.postmaster === postmaster && sameMember(follow, holder) && follow.ip === holder.address;
    if (known || (memory.diverged && sameMember(memory.diverged, holder))) return;
    const report = await this.#core.peers.ask('position', holder, { epoch: record.epoch }, 500);
    if (report?.primaryOf !== record.epoch) return;
    if (report.history?.systemIdentifier !== state.current.systemIdentifier) return;
    const { timeline, switches } = report.history;
    const history = {
      timeline,
      switches: switches.map((left) => ({ timeline: left.timeline, end: BigInt(left.end) })),
    };
    const primary = { instance: holder.instance, ip: holder.address };
    if (incomplete && running !== undefined && view()?.server === undefined) {
      endPostgres(running);
      return;
    }
    const { checkpointTimeline, checkpoint } = data.control;
    const own = incomplete
      ? { position: { timeline: checkpointTimeline, lsn: checkpoint }, settled: true }
      : await standbyPosition(session, context.environment.paths.data, data.control);
    if (!own?.settled) return;
    const left = incomplete && ![0, record.epoch].includes(state.current.configurationEpoch);
    if (left || !onHistory(own.position, history)) {
      memory.diverged = holder;
      context.log.warn(
        {
          rule: 'not-on-the-history',
          holder: holder.instance,
          epoch: record.epoch,
          lsn: own.position.lsn.toString(16),
          timeline: own.position.timeline,
        },
        'This instance is not on the history of the primary',
      );
    } else {
      await state.update({
        configurationEpoch: Math.max(record.epoch, state.current.configurationEpoch),
        ownsLog: false,
      });
      memory.follow = { ...primary, postmaster, incarnation: holder.incarnation, epoch: record.epoch };
      life.set({ ...life.current, follow: memory.follow });
      context.log.info(
        { rule: 'on-the-history', primary: holder.instance, epoch: record.epoch },
        'Following the primary',
      );
    }
    this.#core.wake();
  }
}
