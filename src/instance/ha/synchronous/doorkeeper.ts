import { admission, hasStartupRace } from '../../../../state-machines/synchronous/admission.ts';
import { parseLsn } from '../../../postgres/lsn.ts';
import { type HaCore, leaseState } from '../core/core.ts';
import { runningPostmaster } from '../core/local-postgres.ts';
import { anySynchronous } from './configuration.ts';
import { flushedBy, walsenders } from './walsenders.ts';

/**
 * Keeps clients out of a primary that crashed and came back where it is, until the standbys have what it had; where PostgreSQL lets
 * commits through before its setting is in effect, after any start (rule 23). A manager that takes over a running postgres goes on where
 * the one before it was.
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
    const { shut } = core.life.current;
    if (!shut) return;
    this.#shut = true;
    this.#crashed = shut.crashed;
    this.#upSince = shut.upSince;
  }

  /** A door that is shut is not opened because the lease cannot be read, or has gone to another. */
  get #synchronous(): boolean {
    const { record } = this.#core.store;
    if (record === undefined) return this.#shut;
    return anySynchronous(record) && (this.#shut || leaseState(this.#core) === 'mine');
  }

  /** For pg_hba.conf. Decided while PostgreSQL is down, and kept until the door is opened. */
  get refuses(): boolean {
    const data = this.#core.view()?.data;
    if (runningPostmaster(this.#core) === undefined && data?.state === 'valid') {
      this.#crashed = !data.standby && data.control.state !== 'shut down';
      this.#upSince = undefined;
      this.#barrier = undefined;
      this.#passed = false;
      // What was of a start before this one counts only as long as nothing better is known.
      this.#shut &&= !data.standby && this.#core.store.record === undefined;
      this.#shut = !this.#decide().open;
      this.#remember();
    }
    return this.#shut;
  }

  #remember(): void {
    const { life } = this.#core;
    const upSince = this.#upSince === undefined ? {} : { upSince: this.#upSince };
    life.set({ ...life.current, shut: this.#shut ? { crashed: this.#crashed, ...upSince } : undefined });
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
      this.#remember();
      await this.#look();
      const { open, rule } = this.#decide();
      if (!open) return;
      this.#shut = false;
      this.#remember();
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
