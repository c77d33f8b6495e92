import { sameMember } from '../../../state-machines/protocol/position.ts';
import type { LeaseMember, Member } from '../../../state-machines/protocol/types.ts';
import { type HaCore, holderOf } from './core/core.ts';
import { knock } from './knock.ts';
import { postgresRole } from './core/local-postgres.ts';
import { modeOf } from './synchronous/configuration.ts';

/** From one question to the next, unless the answer takes longer. */
const everyMs = 300;
const askMs = 400;

/**
 * Asks the holder all the time whether it is there (§5, prevote; sync only). Counted is what was asked in vain, one question after the
 * other, not the time that passed: a process that stood still has missed one.
 */
export class Pulse {
  readonly #core: HaCore;
  #holder: Member | undefined;
  #unanswered = 0;
  #askedAt = 0;
  #busy = false;

  constructor(core: HaCore) {
    this.#core = core;
  }

  /** Whoever is the holder now: questions in a row that were not answered. */
  get unanswered(): number {
    const holder = holderOf(this.#core);
    return holder && this.#holder && sameMember(holder, this.#holder) ? this.#unanswered : 0;
  }

  async tick(): Promise<void> {
    const { clock, store, memory } = this.#core;
    const holder = holderOf(this.#core);
    const sync = store.record !== undefined && modeOf(store.record) === 'sync';
    if (!holder || !sync || postgresRole(this.#core) === 'primary') this.#holder = undefined;
    else if (!this.#busy && clock() - this.#askedAt >= everyMs) {
      this.#busy = true;
      this.#askedAt = clock();
      await this.#ask(holder).finally(() => (this.#busy = false));
    }
    memory.unansweredPulses = this.unanswered;
  }

  async #ask(holder: LeaseMember): Promise<void> {
    const { peers, store, context } = this.#core;
    if (!this.#holder || !sameMember(this.#holder, holder)) this.#unanswered = 0;
    this.#holder = { instance: holder.instance, incarnation: holder.incarnation };
    const pulse = peers.ask('pulse', holder, { epoch: store.record?.epoch ?? 0 }, askMs);
    // A manager may stand still while its server serves: the lease's own patience is for that.
    const server = this.#unanswered > 0 && knock(holder.address, context.environment.port, askMs);
    const answered = (await pulse) !== undefined || (await server);
    this.#unanswered = answered ? 0 : this.#unanswered + 1;
  }
}
