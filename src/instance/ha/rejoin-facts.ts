import type { RejoinFacts } from '../../../state-machines/rejoin/machine.ts';
import { type History, onHistory } from '../../../state-machines/protocol/history.ts';
import { sameMember } from '../../../state-machines/protocol/position.ts';
import type { LeaseMember, Position } from '../../../state-machines/protocol/types.ts';
import { observeDataDirectory } from '../postmaster/observe.ts';
import { condemned, type HaCore } from './core/core.ts';
import { runningPostmaster } from './core/local-postgres.ts';
import type { PositionReport, WireHistory } from './core/messages.ts';
import { standbyPosition } from './core/position.ts';

/** The holder of the lease as it answered, with the history of what it writes. */
export interface Holder {
  readonly member: LeaseMember;
  readonly history: History;
  readonly written: bigint;
  /** Of its timeline there is a checkpoint: before that pg_rewind up to PostgreSQL 15 takes it for one of the timeline before, and does nothing. */
  readonly checkpointed: boolean;
}

/** In the place of a postmaster: the next one that is started. */
export const notYet = 0;

const fromWire = ({ timeline, switches }: WireHistory): History => ({
  timeline,
  switches: switches.map((left) => ({ timeline: left.timeline, end: BigInt(left.end) })),
});

/** Undefined: no answer of a primary in the lease's epoch with data of this cluster. */
export function holderFrom(core: HaCore, member: LeaseMember, report: PositionReport | undefined): Holder | undefined {
  const { history } = report ?? {};
  if (report?.primaryOf !== core.store.record?.epoch || !history) return undefined;
  if (history.systemIdentifier !== core.state.current.systemIdentifier) return undefined;
  const { written = 0, timeline, checkpoint = timeline } = history;
  return { member, history: fromWire(history), written: BigInt(written), checkpointed: checkpoint === timeline };
}

/** Whether primary_conninfo names this member, for the postmaster that runs or is to be started. */
export function follows({ memory, ...core }: HaCore, holder: LeaseMember): boolean {
  const { follow } = memory;
  const postmaster = runningPostmaster({ memory, ...core }) ?? notYet;
  return (
    follow !== undefined &&
    follow.postmaster === postmaster &&
    sameMember(follow, holder) &&
    follow.ip === holder.address
  );
}

/** Where the own log ends; undefined while that cannot be said (rule 12). */
export async function settledPosition(core: HaCore, incomplete: boolean): Promise<Position | undefined> {
  const { view, session, context } = core;
  const data = view()?.data;
  if (data?.state !== 'valid') return undefined;
  // It may have taken the place of another directory since the last turn of the manager's loop, which saw that one.
  if (incomplete) {
    const now = await observeDataDirectory(context.environment.paths.data);
    if (now.state !== 'valid') return undefined;
    return { timeline: now.control.checkpointTimeline, lsn: now.control.checkpoint };
  }
  const own = await standbyPosition(session, context.environment.paths.data, data.control);
  return own?.settled === true ? own.position : undefined;
}

/** Own position against the primary's history (rule 21). */
export async function ancestry(core: HaCore, holder: Holder, incomplete: boolean): Promise<RejoinFacts['ancestor']> {
  const { memory, state, store } = core;
  // A log that is gone is the beginning of nothing.
  if (memory.walLost !== undefined) return 'no';
  if (memory.diverged && sameMember(memory.diverged, holder.member)) return 'no';
  if (follows(core, holder.member)) return 'yes';
  // A copy that was not completed before its origin lost the lease cannot be completed from another.
  if (incomplete && ![0, store.record?.epoch ?? 0].includes(state.current.configurationEpoch)) return 'no';
  const position = await settledPosition(core, incomplete);
  if (!position) return 'unknown';
  return onHistory(position, holder.history) ? 'yes' : 'no';
}

/** The state of postgres as far as it matters here: a complete directory is looked at while it runs as a standby. */
export function postgresFact(core: HaCore, incomplete: boolean): RejoinFacts['postgres'] {
  const { view } = core;
  if (runningPostmaster(core) === undefined) {
    return incomplete || condemned(core) ? 'down' : 'busy';
  }
  return view()?.server?.standby === true ? 'up' : 'busy';
}
