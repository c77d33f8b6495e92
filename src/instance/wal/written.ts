import { parseWalName } from '../../postgres/wal-name.ts';

export interface WrittenDeps {
  /** A statement on the server beside us, as superuser. */
  readonly query: (sql: string) => Promise<Record<string, unknown>[]>;
  /** The process id of the postmaster that is seen; undefined while there is none. */
  readonly postmaster: () => number | undefined;
}

/** Where the primary beside us writes. */
export class Written {
  readonly #deps: WrittenDeps;
  #known: { readonly postmaster: number; readonly timeline: number } | undefined;

  constructor(deps: WrittenDeps) {
    this.#deps = deps;
  }

  /** The segment that WAL is being written to; undefined when nobody can tell. */
  readonly segment = async (): Promise<string | undefined> => {
    const rows = await this.#deps
      .query(
        `SELECT pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()) AS segment WHERE NOT pg_catalog.pg_is_in_recovery()`,
      )
      .catch(() => []);
    const segment = rows[0]?.['segment'];
    return typeof segment === 'string' ? segment : undefined;
  };

  /**
   * The timeline that WAL is being written on; undefined when nobody can tell, and then nothing is refused for its timeline. Asked once of a
   * postmaster: one that writes goes on with this timeline to its end, since only a new one is a standby and can be promoted.
   */
  readonly timeline = async (): Promise<number | undefined> => {
    const postmaster = this.#deps.postmaster();
    if (postmaster !== undefined && this.#known?.postmaster === postmaster) return this.#known.timeline;
    const timeline = parseWalName((await this.segment()) ?? '')?.timeline;
    if (postmaster !== undefined && timeline !== undefined) this.#known = { postmaster, timeline };
    return timeline;
  };
}
