import { existsSync } from 'node:fs';
import path from 'node:path';
import { sameMember } from '../../../state-machines/protocol/position.ts';
import type { PrimaryAddress } from '../configuration/settings.ts';
import { addressedSelf, type HaCore, holderOf, isClosed, selfOf } from './core/core.ts';
import { runningPostmaster } from './core/local-postgres.ts';
import type { Rebuild } from './rebuild.ts';
import { Rejoin } from './rejoin.ts';
import { notYet } from './rejoin-facts.ts';
import { anySynchronous } from './synchronous/configuration.ts';
import { asksForQuorum } from '../../postgres/synchronous-wish.ts';

/** Whom a standby may stream from: the lease's holder, once this log is known to be a beginning of his (rules 16, 21). */
export class Follower {
  readonly #core: HaCore;
  readonly #rejoin: Rejoin;
  #busy = false;
  #announcedAt = 0;

  constructor(core: HaCore, rebuild: Rebuild) {
    this.#core = core;
    this.#rejoin = new Rejoin(core, rebuild);
    const { follow } = core.life.current;
    if (follow) core.memory.follow = follow;
  }

  /** The primary for primary_conninfo, or nobody. */
  get primary(): PrimaryAddress | undefined {
    const { memory, state, store } = this.#core;
    const { follow } = memory;
    if (!follow || follow.postmaster !== (runningPostmaster(this.#core) ?? notYet)) return undefined;
    if (state.current.promised > follow.epoch || isClosed(this.#core)) return undefined;
    const holder = store.record?.holder;
    // A released lease leaves the one of before: what he still has to send is wanted.
    if (holder && !sameMember(holder, follow)) return undefined;
    // Its pod is another one by now. A receiver that knocks at the address of a pod that is gone would keep us from telling where we are.
    const at = holderOf(this.#core);
    if (at && at.address !== follow.ip) return undefined;
    return { instance: follow.instance, ip: follow.ip, admitted: this.#admitted };
  }

  /** Rule 20; where no set counts anybody, nothing is gained by another name. */
  get #admitted(): boolean {
    const { memory, store, context, life } = this.#core;
    const { record } = store;
    const { spec } = context.cluster.current ?? {};
    if (!record || !spec) return memory.follow?.admitted ?? true;
    const counted = anySynchronous(record) || asksForQuorum(spec);
    const admitted = !counted || record.members.some((member) => sameMember(member, selfOf(this.#core)));
    if (memory.follow && memory.follow.admitted !== admitted) {
      memory.follow = { ...memory.follow, admitted };
      life.set({ ...life.current, follow: memory.follow });
    }
    return admitted;
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
      await this.#rejoin.tick(this.incomplete);
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
}
