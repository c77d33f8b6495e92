import type { Position } from '../../../state-machines/protocol/types.ts';
import { condemned, type HaCore, isPassedOver } from './core/core.ts';
import { localHistory } from '../wal/history-files.ts';
import { runningPostmaster } from './core/local-postgres.ts';
import type { WireHistory } from './core/messages.ts';
import { endOfOwnLog, hasNeverLed, standbyPosition } from './core/position.ts';

/** Milliseconds after giving the lease away in which this instance leaves it to others. */
const courtesy = 10_000;

/** Data complete: a standby that runs, or a stopped primary that has all of its own log. */
export function stands(core: HaCore): boolean {
  const { memory, view, context, clock, state } = core;
  const seen = view();
  if (!seen || context.terminatingSince() !== undefined || seen.facts.fenced || memory.wrongTimeline) return false;
  // Rule 27; and one that does not get what the others have is no candidate.
  if (condemned(core) || memory.stalled !== undefined) return false;
  const released = memory.handover?.released;
  if (memory.handover && (released === undefined || clock() - released < courtesy)) return false;
  if (seen.data.state !== 'valid') return false;
  const running = runningPostmaster(core) !== undefined;
  if (!seen.data.standby)
    return !running && !isPassedOver(core) && (state.current.ownsLog || hasNeverLed(state.current));
  return running && seen.postmaster.state === 'up' && seen.server?.standby === true;
}

/** What a serving primary writes and what it came from. */
export async function writtenHistory({ session, view, memory, context }: HaCore): Promise<WireHistory | undefined> {
  const data = view()?.data;
  if (data?.state !== 'valid' || memory.promoting || view()?.postmaster.state !== 'up') return undefined;
  const [row] = await session.query<{ wal: string; written: string }>(
    `SELECT pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()) AS wal,
            (pg_catalog.pg_current_wal_flush_lsn() - '0/0')::text AS written WHERE NOT pg_catalog.pg_is_in_recovery()`,
  );
  if (!row) return undefined;
  const { timeline, switches } = await localHistory(
    context.environment.paths.data,
    Number.parseInt(row.wal.slice(0, 8), 16),
  );
  return {
    systemIdentifier: data.control.systemIdentifier,
    timeline,
    written: row.written,
    checkpoint: data.control.checkpointTimeline,
    switches: switches.map(({ timeline: left, end }) => ({ timeline: left, end: end.toString() })),
  };
}

/** Where this instance's log ends, as far as can be told. */
export async function ownPosition(core: HaCore): Promise<Position | undefined> {
  const { view, state, session, context } = core;
  const data = view()?.data;
  if (data?.state !== 'valid') return undefined;
  if (!data.standby) {
    return runningPostmaster(core) === undefined ? endOfOwnLog(data.control, state.current) : undefined;
  }
  return (await standbyPosition(session, context.environment.paths.data, data.control))?.position;
}
