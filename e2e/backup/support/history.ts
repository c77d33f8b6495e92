// A source server with a workload, backups and changes of timeline, and what its tables held at each moment.
import { cp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import type { RecoveryTargetSpec } from '../../../src/instance/recovery/target.ts';
import { backUp } from '../../../src/instance/recovery/testing-restore.ts';
import { type ArchivingPostgres, archivingPostgres } from '../../../src/instance/recovery/testing.ts';
import type { Archive } from '../../../src/instance/wal/archive-source.ts';
import { type Major, type TemporaryPostgres, runProgram } from '../../../src/testing/postgres.ts';

export interface Moment {
  readonly timeline: number;
  /** Committed on a timeline after the next one had left it. */
  readonly lost: boolean;
  readonly hashes: Hashes;
  readonly time: string;
  readonly lsn: string;
  readonly xid: string;
  readonly name: string;
  /** The newest backup that was complete by then. */
  readonly backupID: string;
}

export type Hashes = readonly { readonly table: string; readonly rows: number; readonly digest: string }[];

/** Nothing is ever committed to the last one. */
const tables = ['account', 'event', 'scratch', 'never'];

export async function hashes(server: Pick<TemporaryPostgres, 'query'>): Promise<Hashes> {
  const each = tables.map(
    (table) => `SELECT '${table}' AS table, count(*)::int AS rows,
      coalesce(md5(string_agg(t::text, ';' ORDER BY id)), '') AS digest FROM ${table} t`,
  );
  return server.query<Hashes[number]>(each.join(' UNION ALL '));
}

/** One of the statements of the workload; some of them touch many rows, some are rolled back. */
function statement(next: () => number): string {
  const number = Math.floor(next() * 2000);
  const kinds = [
    `INSERT INTO account SELECT coalesce(max(id), 0) + 1, md5(random()::text), ${number} FROM account`,
    `UPDATE account SET balance = balance + ${number} WHERE id % 7 = ${number % 7}`,
    `DELETE FROM account WHERE id % 97 = ${number % 97}`,
    `INSERT INTO event (id, body) SELECT coalesce(max(id), 0) + 1, repeat(md5(random()::text), ${number}) FROM event`,
    `INSERT INTO scratch SELECT coalesce((SELECT max(id) FROM scratch), 0) + i, md5(i::text) FROM generate_series(1, 1000) i`,
    'TRUNCATE scratch',
    `DROP INDEX IF EXISTS account_note; CREATE INDEX account_note ON account (note)`,
    'VACUUM event',
    'ALTER TABLE event ADD COLUMN IF NOT EXISTS extra int DEFAULT 5',
  ];
  return kinds[Math.floor(next() * kinds.length)] ?? '';
}

/** A history in the making. */
class Recorder {
  readonly pg: ArchivingPostgres;
  readonly moments: Moment[] = [];
  readonly #next: () => number;
  readonly #archive: Archive;
  #backup = '';
  #timeline = 1;

  constructor(server: ArchivingPostgres, archive: Archive, next: () => number) {
    this.pg = server;
    this.#archive = archive;
    this.#next = next;
  }

  async backUp(): Promise<void> {
    this.#backup = await backUp(this.pg, this.#archive);
  }

  /** Some of the workload, and what the tables hold after each of its transactions. */
  async work(count: number, lost = false): Promise<void> {
    const { server } = this.pg;
    const client = new pg.Client({ ...server.connection(), query_timeout: 60_000 });
    const bystander = new pg.Client(server.connection());
    await client.connect();
    await bystander.connect();
    // Open all the time and never committed: it must not be seen in any restore.
    await bystander.query(`BEGIN; INSERT INTO never SELECT generate_series(1, 500), 'not committed'`);
    for (let done = 0; done < count; done += 1) {
      const many = Array.from({ length: 1 + Math.floor(this.#next() * 3) }, () => statement(this.#next));
      for (const one of many) await client.query(one);
      await client.query('BEGIN');
      await client.query(`INSERT INTO account VALUES (${-1 - Math.floor(this.#next() * 1e9)}, 'marker', 0)`);
      const { rows } = await client.query<{ xid: string }>('SELECT pg_current_xact_id()::xid::text AS xid');
      await client.query('COMMIT');
      await this.#mark(rows[0]?.xid ?? '', lost);
    }
    await bystander.query('ROLLBACK');
    await Promise.all([client.end(), bystander.end()]);
  }

  async #mark(xid: string, lost: boolean): Promise<void> {
    const { server } = this.pg;
    const name = `moment ${this.moments.length}`;
    const found = await hashes(server);
    const [at] = await server.query<{ time: string; lsn: string }>(
      'SELECT clock_timestamp()::text AS time, pg_current_wal_insert_lsn()::text AS lsn',
    );
    await new Promise((resolve) => setTimeout(resolve, 5));
    await server.query('SELECT pg_create_restore_point($1)', [name]);
    const { time = '', lsn = '' } = at ?? {};
    this.moments.push({ timeline: this.#timeline, lost, hashes: found, time, lsn, xid, name, backupID: this.#backup });
  }

  /** As a failover does; with `lost` the old primary goes on for a while and archives commits that the new one does not have. */
  async changeTimeline(lost: boolean): Promise<void> {
    const { server } = this.pg;
    const { dataDirectory: data } = server;
    // To end at a time PostgreSQL must see a commit after it.
    await server.query("COMMENT ON TABLE never IS 'the end of a timeline'");
    await server.stop('immediate');
    if (lost) {
      const copy = `${data}.fork`;
      await cp(data, copy, { recursive: true, preserveTimestamps: true });
      await server.start();
      await this.work(4, true);
      await this.pg.switchAndWait();
      await server.stop('immediate');
      await rm(data, { recursive: true });
      await cp(copy, data, { recursive: true });
      await rm(copy, { recursive: true });
    }
    await writeFile(path.join(data, 'standby.signal'), '');
    await this.#own(data);
    await server.start();
    await server.query('SELECT pg_promote()');
    this.#timeline += 1;
  }

  /** Copies belong to who made them. */
  async #own(data: string): Promise<void> {
    const { user } = this.pg.server.installation;
    if (user) await runProgram({ major: 18, bin: '/bin' }, 'chown', ['-R', `${user.uid}:${user.gid}`, data]);
  }
}

export async function recordHistory(
  archive: Archive,
  { major, next }: { major: Major; next: () => number },
): Promise<readonly Moment[]> {
  await using server = await archivingPostgres(() => Promise.resolve(archive), { major });
  for (const create of [
    'CREATE TABLE account (id bigint PRIMARY KEY, note text, balance int)',
    'CREATE TABLE event (id bigint PRIMARY KEY, body text)',
    'CREATE TABLE scratch (id bigint PRIMARY KEY, note text)',
    'CREATE TABLE never (id bigint, note text)',
  ])
    await server.server.query(create);
  const recorder = new Recorder(server, archive, next);
  await recorder.backUp();
  await recorder.work(6);
  await recorder.changeTimeline(false);
  await recorder.work(4);
  await recorder.backUp();
  await recorder.work(4);
  await recorder.changeTimeline(true);
  await recorder.work(6);
  await server.switchAndWait();
  return recorder.moments;
}

/** The moment as one of the targets that PostgreSQL knows. */
export function targetOf(moment: Moment, next: () => number): RecoveryTargetSpec {
  const { time, lsn, xid, name, backupID, timeline, lost } = moment;
  const targetTLI = lost || next() < 0.3 ? String(timeline) : undefined;
  const at = targetTLI === undefined ? {} : { targetTLI };
  switch (Math.floor(next() * 4)) {
    case 0:
      return { ...at, targetTime: time };
    case 1:
      return { ...at, targetLSN: lsn, exclusive: true };
    case 2:
      return { ...at, targetXID: xid, backupID };
    default:
      return { ...at, targetName: name, backupID };
  }
}
