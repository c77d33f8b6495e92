// What the primary's server says of those that stream from it: steps (b) to (d) of rule 19.
import { parseLsn } from '../../../postgres/lsn.ts';
import type { StoredConfiguration } from '../core/lease-record.ts';

export interface Walsender {
  readonly pid: number;
  readonly name: string;
  readonly state: string;
  /** When the standby sent its last reply, by its own clock; only compared with itself. */
  readonly reply: string | undefined;
  readonly flushed: bigint;
}

interface Row extends Record<string, unknown> {
  pid: number;
  name: string | null;
  state: string | null;
  reply: string | null;
  flushed: string | null;
}

export interface Queries {
  query<R extends Record<string, unknown>>(sql: string): Promise<R[]>;
}

export async function walsenders(session: Queries): Promise<Walsender[]> {
  const rows = await session.query<Row>(
    `SELECT pid, application_name AS name, state, reply_time::text AS reply, flush_lsn::text AS flushed
       FROM pg_catalog.pg_stat_replication`,
  );
  return rows.map(({ pid, name, state, reply, flushed }) => ({
    ...{ pid, name: name ?? '', state: state ?? '', reply: reply ?? undefined },
    flushed: flushed === null ? 0n : parseLsn(flushed),
  }));
}

/**
 * Those that release waiters by a copy of the setting of their own. One that has not begun to stream, or sends a base backup, reads
 * the setting anew before it looks at a standby's first reply.
 */
const releases = ({ state }: Walsender): boolean => ['catchup', 'streaming', 'stopping'].includes(state);

/** Waits for each walsender of before to be gone or to have had two replies since: by then it has read the new setting (c). */
export class InEffect {
  readonly #before: Map<number, { reply: string | undefined; changes: number }>;

  constructor(before: readonly Walsender[]) {
    this.#before = new Map(before.filter(releases).map(({ pid, reply }) => [pid, { reply, changes: 0 }]));
  }

  /** Takes what is seen now; true once nobody goes by the old setting. */
  look(now: readonly Walsender[]): boolean {
    for (const [pid, seen] of this.#before) {
      const walsender = now.find((one) => one.pid === pid);
      if (walsender && walsender.reply !== seen.reply) {
        seen.reply = walsender.reply;
        seen.changes += 1;
      }
      if (!walsender || seen.changes >= 2) this.#before.delete(pid);
    }
    return this.#before.size === 0;
  }
}

/** Names of a configuration that have flushed up to there, each once. */
export function flushedBy(
  { names, external }: StoredConfiguration,
  seen: readonly Walsender[],
  barrier: bigint,
): string[] {
  const have = new Set(
    seen
      .filter(({ state, flushed }) => ['streaming', 'stopping'].includes(state) && flushed >= barrier)
      .map(({ name }) => name.toLowerCase()),
  );
  return [...names.map(({ instance }) => instance), ...external].filter((name) => have.has(name.toLowerCase()));
}
