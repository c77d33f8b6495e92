import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { PersistedState, Position } from '../../../../state-machines/protocol/types.ts';
import type { ControlData } from '../../../postgres/control-data.ts';
import { parseLsn } from '../../../postgres/lsn.ts';
import type { TimelineHistory } from '../../../postgres/timeline.ts';
import { parseWalName, segmentNumberBefore, segmentOf } from '../../../postgres/wal-name.ts';
import type { Session } from '../../sql/session.ts';
import { localHistory } from '../../wal/history-files.ts';

/** Of a running standby. */
export interface StandbyPosition {
  readonly position: Position;
  /** All local WAL is replayed and none is being received: `position` is the end of the log (rule 12). */
  readonly settled: boolean;
}

/** The timeline of the last record before `lsn` on this history: one that ends where its timeline was left is still of that timeline. */
export const timelineOfRecord = ({ timeline, switches }: TimelineHistory, lsn: bigint): number =>
  switches.find(({ end }) => lsn <= end)?.timeline ?? timeline;

/**
 * The timeline of the last record that ends at `lsn`. The newest one that WAL up to there was written for says only which history is
 * followed: the first segment of a timeline begins with a copy of the one before, so what lies in it may be older (rule 12).
 */
export async function timelineAt(dataDirectory: string, lsn: bigint, control: ControlData): Promise<number> {
  const last = segmentNumberBefore(lsn, control.walSegmentSize);
  const names = await readdir(path.join(dataDirectory, 'pg_wal'));
  const timelines = names.flatMap((name) => {
    const file = parseWalName(name);
    if (file?.kind !== 'segment') return [];
    return segmentOf(file, control.walSegmentSize) <= last ? [file.timeline] : [];
  });
  const newest = Math.max(control.checkpointTimeline, control.minRecoveryTimeline, ...timelines);
  return timelineOfRecord(await localHistory(dataDirectory, newest), lsn);
}

interface Row extends Record<string, unknown> {
  received: string | null;
  replayed: string | null;
  waits: string | null;
  receiving: boolean;
}

const waitsForMore = new Set(['RecoveryRetrieveRetryInterval', 'RecoveryWalStream']);

export async function standbyPosition(
  session: Session,
  dataDirectory: string,
  control: ControlData,
): Promise<StandbyPosition | undefined> {
  // A receiver that is about to connect is a process already, and not yet in pg_stat_wal_receiver.
  const [row] = await session.query<Row>(`
    SELECT pg_catalog.pg_last_wal_receive_lsn()::text AS received, pg_catalog.pg_last_wal_replay_lsn()::text AS replayed,
           (SELECT wait_event FROM pg_catalog.pg_stat_activity WHERE backend_type = 'startup') AS waits,
           EXISTS (SELECT 1 FROM pg_catalog.pg_stat_activity WHERE backend_type = 'walreceiver')
             OR EXISTS (SELECT 1 FROM pg_catalog.pg_stat_wal_receiver) AS receiving
     WHERE pg_catalog.pg_is_in_recovery()`);
  if (!row || row.replayed === null) return undefined;
  const replayed = parseLsn(row.replayed);
  const received = row.received === null ? 0n : parseLsn(row.received);
  const settled = !row.receiving && waitsForMore.has(row.waits ?? '');
  // What was received and not replayed yet counts; a record that is not complete does not, once everything is replayed.
  const lsn = settled || replayed > received ? replayed : received;
  return { position: { timeline: await timelineAt(dataDirectory, lsn, control), lsn }, settled };
}

/** The newest timeline of what a running standby has; undefined while it does not answer. */
export async function newestTimeline(
  session: Session,
  dataDirectory: string,
  control: ControlData,
): Promise<number | undefined> {
  const found = await standbyPosition(session, dataDirectory, control).catch(() => undefined);
  return found?.position.timeline;
}

/** How far a running standby is with receiving and with replaying. */
export async function standbyProgress(
  session: Session,
): Promise<{ readonly received: bigint; readonly replayed: bigint } | undefined> {
  const [row] = await session.query<{ received: string | null; replayed: string | null }>(
    `SELECT pg_catalog.pg_last_wal_receive_lsn()::text AS received, pg_catalog.pg_last_wal_replay_lsn()::text AS replayed
      WHERE pg_catalog.pg_is_in_recovery()`,
  );
  if (!row || row.replayed === null) return undefined;
  const replayed = parseLsn(row.replayed);
  const received = row.received === null ? 0n : parseLsn(row.received);
  return { received: received > replayed ? received : replayed, replayed };
}

/** Made by a bootstrap, and not yet in any lease. */
export const hasNeverLed = ({ led, configurationEpoch }: PersistedState): boolean =>
  led === undefined && configurationEpoch === 0;

/** A stopped primary's log is all there ever was of its timeline. */
export const endOfOwnLog = (control: ControlData, state: PersistedState): Position | undefined =>
  state.ownsLog || hasNeverLed(state) ? { timeline: control.checkpointTimeline, lsn: (1n << 64n) - 1n } : undefined;
