import { admission, hasStartupRace } from '../../../../state-machines/synchronous/admission.ts';
import { parseLsn } from '../../../postgres/lsn.ts';
import { type HaCore, leaseState } from '../core.ts';
import { runningPostmaster } from '../local-postgres.ts';
import { anySynchronous } from './configuration.ts';
import { flushedBy, walsenders } from './walsenders.ts';

/**
 * Keeps clients out of a primary that crashed and came back where it is, until the standbys have what it had; where PostgreSQL lets
 * commits through before its setting is in effect, after any start (rule 23).
 */
export class Doorkeeper {
  readonly #core: HaCore;
  /** A start is under way, or over, after which clients are not let in yet. */
  #shut = false;
  /** Before that start it was not shut down in good order. */
  #crashed = false;
  #upSince: number | undefined;
  #barrier: bigint | undefined;
  #passed = false;
  #busy = false;

  constructor(core: HaCore) {
    this.#core = core;
  }

  get #synchronous(): boolean {
    const { record } = this.#core.store;
    return record !== undefined && leaseState(this.#core) === 'mine' && anySynchronous(record);
  }

  /** For pg_hba.conf. Decided while PostgreSQL is down, and kept until the door is opened. */
  get refuses(): boolean {
    const data = this.#core.view()?.data;
    if (runningPostmaster(this.#core) === undefined && data?.state === 'valid') {
      this.#crashed = !data.standby && data.control.state !== 'shut down';
      this.#upSince = undefined;
      this.#barrier = undefined;
      this.#passed = false;
      this.#shut = !this.#decide().open;
    }
    return this.#shut;
  }

  #decide(): ReturnType<typeof admission> {
    const version = this.#core.view()?.program?.version;
    return admission({
      now: this.#core.clock(),
      synchronous: this.#synchronous,
      crashed: this.#crashed,
      startupRace: version !== undefined && hasStartupRace(version),
      ...(this.#upSince === undefined ? {} : { upSince: this.#upSince }),
      barrierPassed: this.#passed,
    });
  }

  async tick(): Promise<void> {
    const { view, clock, context, wake } = this.#core;
    if (!this.#shut || this.#busy || view()?.server?.standby !== false) return;
    this.#busy = true;
    try {
      this.#upSince ??= clock();
      await this.#look();
      const { open, rule } = this.#decide();
      if (!open) return;
      this.#shut = false;
      context.log.info({ rule, milliseconds: clock() - this.#upSince }, 'Clients are let in');
      wake();
    } finally {
      this.#busy = false;
    }
  }

  async #look(): Promise<void> {
    const { session, store } = this.#core;
    const newest = store.record?.configurations.at(-1);
    if (this.#barrier === undefined) {
      const [row] = await session.query<{ lsn: string }>('SELECT pg_catalog.pg_current_wal_flush_lsn()::text AS lsn');
      if (row) this.#barrier = parseLsn(row.lsn);
    }
    if (this.#barrier === undefined || !newest) return;
    this.#passed = flushedBy(newest, await walsenders(session), this.#barrier).length >= newest.number;
  }
}
