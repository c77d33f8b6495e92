// What the simulated PostgreSQL says to the statements that the manager sends. They are told apart by what only they contain.
import { formatLsn } from '../../postgres/lsn.ts';
import { segmentName } from '../../postgres/wal-name.ts';
import { systemIdentifier } from './control-file.ts';
import type { Postgres } from './postgres.ts';
import { segmentSize } from './wal.ts';

type Row = Record<string, unknown>;
type Answer = (server: Postgres, values: readonly unknown[]) => Row[];

const lsn = (value: number): string => formatLsn(BigInt(value));
const walFile = ({ wal, timeline }: Postgres): string =>
  segmentName(timeline, BigInt(Math.floor(wal.lsn / segmentSize)), segmentSize);

const standbyPosition: Answer = (server) => {
  if (!server.standby) return [];
  const receiving = server.stream?.open === true;
  const behind = server.replayed < server.wal.records.length;
  return [
    {
      received: server.received === undefined ? null : lsn(server.received),
      replayed: lsn(server.wal.lsnOf(server.replayed)),
      waits: behind ? null : receiving ? 'RecoveryWalStream' : 'RecoveryRetrieveRetryInterval',
      receiving,
    },
  ];
};

const serverState: Answer = (server) => [
  {
    standby: server.standby,
    hash: '',
    loaded_at: new Date(server.loadedAt),
    pending: null,
    receiver: server.stream?.open === true ? 'streaming' : null,
    paused: false,
  },
];

const lagOf: Answer = (server, [name]) =>
  [...server.senders]
    .filter((sender) => sender.open && sender.standby.home.name === name)
    .map((sender) => ({ lag: String(server.wal.lsn - server.wal.lsnOf(sender.confirmed)) }));

/** Of a promotion that is being made. */
const promotionLook: Answer = (server) => [
  {
    standby: server.standby,
    receiving: server.stream?.open === true,
    wal: server.standby ? null : walFile(server),
    replayed: server.standby ? lsn(server.wal.lsnOf(server.replayed)) : null,
  },
];

const walsenders: Answer = (server) =>
  [...server.senders].map((sender) => ({
    pid: sender.standby.process.pid,
    name: sender.name,
    state: 'streaming',
    reply: String(sender.replies),
    flushed: lsn(server.wal.lsnOf(sender.confirmed)),
  }));

/** Of /pg/status. */
const statusOf: Answer = (server) => {
  const received = lsn(server.received ?? 0);
  return [
    {
      ...{ systemID: systemIdentifier, currentLsn: server.standby ? null : lsn(server.wal.lsn) },
      currentWAL: server.standby ? null : walFile(server),
      ...{ receivedLsn: received, replayLsn: lsn(server.wal.lsnOf(server.replayed)) },
      ...{ timeLineID: server.timeline, isWalReceiverActive: server.stream?.open === true },
      ...{ lastArchivedWAL: '', lastArchivedWALTime: '', lastFailedWAL: '', lastFailedWALTime: '' },
      isArchivingWAL: false,
    },
  ];
};

const replicationInfo: Answer = (server) =>
  [...server.senders].map((sender) => {
    const flushed = lsn(server.wal.lsnOf(sender.confirmed));
    return {
      ...{ applicationName: sender.name, state: 'streaming', sentLsn: flushed, writeLsn: flushed },
      ...{ flushLsn: flushed, replayLsn: flushed, writeLag: '00:00:00', flushLag: '00:00:00', replayLag: '00:00:00' },
      ...{ syncState: 'async', syncPriority: '0' },
    };
  });

const answers: readonly (readonly [RegExp, Answer])[] = [
  [/^SELECT 1$/, () => [{}]],
  [/AS received,.*AS replayed/, standbyPosition],
  [/AS standby, EXISTS .* AS receiving/, promotionLook],
  [/AS loaded_at/, serverState],
  [
    /pg_walfile_name.*WHERE NOT pg_catalog\.pg_is_in_recovery/,
    (server) => (server.standby ? [] : [{ wal: walFile(server), written: String(server.wal.lsn) }]),
  ],
  [/^SELECT pg_catalog\.pg_walfile_name/, (server) => [{ wal: walFile(server) }]],
  [/^SELECT pg_catalog\.pg_is_in_recovery\(\) AS standby$/, (server) => [{ standby: server.standby }]],
  [/^SELECT pg_catalog\.pg_promote/, (server) => (server.promote(), [{ pg_promote: true }])],
  [/^SELECT pid, application_name AS name, state, reply_time/, walsenders],
  [/current_setting\('synchronous_standby_names'\) AS names$/, (server) => [{ names: server.synchronous.setting }]],
  [/current_setting\('primary_conninfo'\) AS conninfo$/, (server) => [{ conninfo: server.stream?.address ?? '' }]],
  [/pg_current_wal_flush_lsn\(\)::text AS lsn$/, (server) => [{ lsn: lsn(server.wal.lsnOf(server.wal.flushed)) }]],
  [/pg_logical_emit_message/, (server) => (server.emitMessage(), [{}])],
  [/^CHECKPOINT$/, (server) => (server.checkpoint(), [])],
  [/AS clients FROM pg_catalog\.pg_stat_activity/, () => [{ clients: 0 }]],
  [/AS lag FROM pg_catalog\.pg_stat_replication/, lagOf],
  [/AS "systemID",/, statusOf],
  [/AS "applicationName", state, sent_lsn/, replicationInfo],
  [/AS "slotName",/, () => []],
  [/FROM pg_stat_progress_basebackup/, () => []],
];

/** Throws on a statement that it does not know: it has to be added here when the manager learns to ask something new. */
export function answer(server: Postgres, sql: string, values: readonly unknown[]): Row[] {
  const text = sql.replace(/\s+/g, ' ').trim();
  const known = answers.find(([pattern]) => pattern.test(text));
  if (!known) throw new UnknownStatement(text);
  return known[1](server, values);
}

export class UnknownStatement extends Error {}
