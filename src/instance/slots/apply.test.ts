import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pino from 'pino';
import type { Cluster } from '../../api/generated/cluster.ts';
import { temporaryPostgres, type TemporaryPostgres } from '../../testing/postgres.ts';
import { clone } from '../replication/clone.ts';
import { applyPrimary, applyStandby, localSlots, type Query } from './apply.ts';
import { slotWishes } from '../cluster/slot-wishes.ts';
import { planPrimary, planStandby, type Slot } from './plan.ts';

// A primary (c-1) and a streaming standby (c-2) of PostgreSQL 17, with logical slots that fail over.
let primary: TemporaryPostgres;
let standby: TemporaryPostgres;
let root = '';

const of =
  (server: TemporaryPostgres): Query =>
  (sql, values) =>
    server.query(sql, values);
const wishes = (self: string) =>
  slotWishes({ spec: {}, status: { instanceNames: ['c-1', 'c-2', 'c-3'] } } as unknown as Cluster, self);
const settings = {
  ...{ wal_level: 'logical', hot_standby_feedback: 'on', wal_keep_size: '0' },
  ...{ wal_receiver_status_interval: '1', wal_retrieve_retry_interval: '100ms' },
};

async function until<T>(what: () => Promise<T | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 300; tries++) {
    const found = await what();
    if (found !== undefined && found !== false) return found;
    await delay(100);
  }
  throw new Error('it did not come true');
}
const named = async (server: TemporaryPostgres): Promise<Record<string, Slot>> =>
  Object.fromEntries((await localSlots(of(server))).map((slot) => [slot.name, slot]));
const mirror = async (): Promise<void> =>
  applyStandby(
    of(standby),
    planStandby(await localSlots(of(primary)), await localSlots(of(standby)), wishes('c-2'), 17),
  );

beforeAll(async () => {
  primary = await temporaryPostgres({ major: 17, settings, initdb: ['--wal-segsize=1'] });
  await applyPrimary(of(primary), planPrimary([], wishes('c-1')));
  root = await mkdtemp(path.join(os.tmpdir(), 'hws-'));
  const own = (place: string): void => {
    const user = primary.installation.user;
    if (user) spawnSync('chown', ['-R', `${user.uid}:${user.gid}`, place]);
  };
  const origin = { host: primary.socketDirectory, port: primary.port, user: 'postgres' };
  const place = { data: `${root}/data`, tablespaces: `${root}/tablespaces` };
  const log = pino({ level: 'silent' });
  await clone(origin, place, { label: 'test', log, signal: AbortSignal.timeout(60_000) });
  own(root);
  const primaryConninfo = `host=${primary.socketDirectory} user=postgres dbname=postgres`;
  standby = await temporaryPostgres({
    major: 17,
    dataDirectory: place.data,
    settings: { ...settings, primary_conninfo: primaryConninfo, primary_slot_name: '_cnpg_c_2' },
  });
});
afterAll(async () => {
  await standby?.[Symbol.asyncDispose]();
  await primary?.[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

test('slots of instances and of users are on the standby and move on with those of the primary', async () => {
  await primary.query("SELECT pg_create_physical_replication_slot('audit', true)");
  await mirror();
  expect(Object.keys(await named(standby)).sort()).toEqual(['_cnpg_c_3', 'audit']);
  await primary.query('CREATE TABLE t AS SELECT generate_series(1, 20000) i');
  await primary.query("SELECT pg_replication_slot_advance('audit', pg_current_wal_flush_lsn())");
  const { audit } = await named(primary);
  await until(async () => {
    await mirror();
    return (await named(standby))['audit']?.lsn === audit?.lsn;
  });
  await primary.query("SELECT pg_drop_replication_slot('audit')");
  await mirror();
  expect(Object.keys(await named(standby))).toEqual(['_cnpg_c_3']);
});

test('F26: a slot that nobody reads loses its WAL at the limit, and is made anew', async () => {
  await primary.query("ALTER SYSTEM SET max_slot_wal_keep_size = '2MB'");
  await primary.query('SELECT pg_reload_conf()');
  await until(async () => {
    await primary.query('INSERT INTO t SELECT generate_series(1, 30000)');
    await primary.query('CHECKPOINT');
    return (await named(primary))['_cnpg_c_3']?.lost;
  });
  await applyPrimary(of(primary), planPrimary(await localSlots(of(primary)), wishes('c-1')));
  const slots = await named(primary);
  expect([slots['_cnpg_c_3']?.lost, slots['_cnpg_c_2']?.lost]).toEqual([false, false]);
  await primary.query('ALTER SYSTEM RESET max_slot_wal_keep_size');
  await primary.query('SELECT pg_reload_conf()');
});

test('a logical slot that fails over is on the standby after the primary is gone', async () => {
  await primary.query("SELECT pg_create_logical_replication_slot('cdc', 'pgoutput', false, false, true)");
  await until(async () => {
    await primary.query('INSERT INTO t VALUES (0)');
    await primary.query('SELECT pg_log_standby_snapshot()');
    await primary.query("SELECT pg_replication_slot_advance('cdc', pg_current_wal_flush_lsn())");
    // What the worker of sync_replication_slots does, whose pauses grow to half a minute.
    await standby.query('SELECT pg_sync_replication_slots()');
    await mirror();
    return (await named(standby))['cdc']?.synced;
  });
  await primary.stop('immediate');
  await standby.query('SELECT pg_promote()');
  await applyPrimary(of(standby), planPrimary(await localSlots(of(standby)), wishes('c-2')));
  const slots = await named(standby);
  expect(Object.keys(slots).sort()).toEqual(['_cnpg_c_1', '_cnpg_c_3', 'cdc']);
  expect(slots['cdc']).toMatchObject({ failover: true, lost: false });
});
