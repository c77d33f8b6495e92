import type { ControlData } from '../../postgres/control-data.ts';
import { formatLsn } from '../../postgres/lsn.ts';

const time = (date: Date): string => date.toUTCString();

/** The lines of `pg_controldata` that tools read, with its labels. */
export function controlDataText(control: ControlData): string {
  const lines: [string, string | number][] = [
    ['pg_control version number', control.controlVersion],
    ['Catalog version number', control.catalogVersion],
    ['Database system identifier', control.systemIdentifier],
    ['Database cluster state', control.state],
    ['pg_control last modified', time(control.modified)],
    ['Latest checkpoint location', formatLsn(control.checkpoint)],
    ["Latest checkpoint's REDO location", formatLsn(control.checkpointRedo)],
    ["Latest checkpoint's TimeLineID", control.checkpointTimeline],
    ["Latest checkpoint's PrevTimeLineID", control.previousTimeline],
    ['Time of latest checkpoint', time(control.checkpointTime)],
    ['Minimum recovery ending location', formatLsn(control.minRecoveryPoint)],
    ["Min recovery ending loc's timeline", control.minRecoveryTimeline],
    ['max_connections setting', control.maxConnections],
    ['max_worker_processes setting', control.maxWorkerProcesses],
    ['max_wal_senders setting', control.maxWalSenders],
    ['max_prepared_xacts setting', control.maxPreparedTransactions],
    ['max_locks_per_xact setting', control.maxLocksPerTransaction],
    ['Database block size', control.blockSize],
    ['Bytes per WAL segment', control.walSegmentSize],
    ['Data page checksum version', control.dataChecksums],
  ];
  return lines.map(([name, value]) => `${`${name}:`.padEnd(38)}${value}\n`).join('');
}
