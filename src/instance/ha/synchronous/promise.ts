// A promise, to another or to oneself: from then on nothing is received from a primary of an older epoch (rules 11, 12, 16, 18).
import { setTimeout as delay } from 'node:timers/promises';
import { type PromiseStep, promiseStep, type VoterFacts } from '../../../../state-machines/voter/voter.ts';
import type { Position } from '../../../../state-machines/protocol/types.ts';
import { observeDataDirectory } from '../../postmaster/observe.ts';
import type { HaCore } from '../core/core.ts';
import { postgresRole, runningPostmaster } from '../core/local-postgres.ts';
import { fromWire, type PromiseReport, toWire, type WirePosition } from '../core/messages.ts';
import { hasNeverLed, standbyPosition } from '../core/position.ts';
import { endOfStoppedLog } from './wal-end.ts';

/** How long the receiver stays closed for a promise that is not given in the end. */
const closedMs = 3000;
const settleMs = 1500;
const pollMs = 10;

/** The end of the log of a standby whose receiver is gone for good, once all of it is read. */
async function settledStandby(core: HaCore): Promise<Position | undefined> {
  const { memory, clock, life, session, context, wake } = core;
  const { data: directory } = context.environment.paths;
  memory.closedUntil = clock() + closedMs;
  memory.follow = undefined;
  const { follow: _follow, ...rest } = life.current;
  life.set(rest);
  wake();
  let quiet = 0;
  for (const until = clock() + settleMs; clock() < until; await delay(pollMs)) {
    const data = await observeDataDirectory(directory);
    if (data.state !== 'valid' || runningPostmaster(core) === undefined) return undefined;
    const [row] = await session.query<{ conninfo: string }>(
      "SELECT pg_catalog.current_setting('primary_conninfo') AS conninfo",
    );
    const found = row?.conninfo === '' ? await standbyPosition(session, directory, data.control) : undefined;
    // Twice: the startup process may have been told of the reload a moment after our session was.
    quiet = found?.settled ? quiet + 1 : 0;
    if (found && quiet >= 2) return found.position;
  }
  return undefined;
}

/**
 * Where this instance's log ends for good. Undefined where that cannot be told now: while postgres writes, starts, or has yet to read
 * what it received.
 */
export async function truePosition(core: HaCore): Promise<Position | undefined> {
  const { context, memory, clock, state } = core;
  const data = await observeDataDirectory(context.environment.paths.data);
  if (data.state !== 'valid') return undefined;
  if (data.standby) return settledStandby(core);
  const starting = memory.startingUntil !== undefined && clock() < memory.startingUntil;
  if (runningPostmaster(core) !== undefined || starting) return undefined;
  return state.current.ownsLog || hasNeverLed(state.current)
    ? endOfStoppedLog(context.environment.paths.data, data.control)
    : undefined;
}

/**
 * From here on it is what is on disk that keeps this instance from older primaries (rule 16), and whoever is elected by this promise is
 * followed at once: his commits may be waiting for us.
 */
export async function persistPromise(
  { state, memory }: Pick<HaCore, 'state' | 'memory'>,
  epoch: number,
): Promise<void> {
  await state.update({ promised: epoch, led: undefined, promotes: undefined });
  memory.closedUntil = undefined;
}

const mayWrite = (core: HaCore): boolean => {
  const { memory, clock } = core;
  return postgresRole(core) === 'primary' || (memory.startingUntil !== undefined && clock() < memory.startingUntil);
};

/** Decides and does until it is granted or refused. `facts` without what only this can find out. */
export function answerPromise(
  core: HaCore,
  facts: () => VoterFacts,
  epoch: number,
  candidate: WirePosition,
): Promise<PromiseReport> {
  return core.promises.alone(async () => {
    let position: Position | undefined;
    const decide = (): PromiseStep => {
      const known = position === undefined ? {} : { position };
      const told = { ...facts(), primary: mayWrite(core), receiverClosed: position !== undefined, ...known };
      return promiseStep(told, epoch, fromWire(candidate));
    };
    let step = decide();
    if (step.do === 'close-receiver') {
      position = await truePosition(core).catch(() => undefined);
      if (position === undefined) return { granted: false, reason: 'position-unknown' };
      step = decide();
    }
    if (step.do !== 'persist-and-grant') {
      return { granted: false, reason: step.do === 'refuse' ? step.reason : 'position-unknown' };
    }
    await persistPromise(core, epoch);
    core.context.log.info({ rule: 'promise', epoch, position: toWire(step.position) }, 'Promised to another');
    core.wake();
    return { granted: true, position: toWire(step.position), ownsLog: core.state.current.ownsLog };
  });
}
