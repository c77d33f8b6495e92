import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { ServerAddress } from './connection.ts';

interface SlotRow {
  active: boolean;
  reserved: boolean;
  lost: boolean;
}

const statementTimeout = 30_000;

/** The primary's own manager makes the same slot at that moment, and is in it while it does: its session, or its result, is met. */
const meetings = new Set(['42704', '42710', '55006']);
/** Longer than making a slot takes, with a checkpoint of the moment in it. */
const patienceMs = 5000;

async function attempt(client: pg.Client, slot: string): Promise<'made' | 'in use'> {
  const name = pg.escapeLiteral(slot);
  const { rows } = await client.query<SlotRow>(
    `SELECT active, restart_lsn IS NOT NULL AS reserved, COALESCE(wal_status = 'lost', false) AS lost
       FROM pg_catalog.pg_replication_slots WHERE slot_name = ${name}`,
  );
  const [found] = rows;
  if (found?.active) return 'in use';
  if (found?.reserved && !found.lost) return 'made';
  // A slot that holds no WAL, or lost it, would let the server recycle what this clone needs.
  if (found) await client.query(`SELECT pg_catalog.pg_drop_replication_slot(${name})`);
  await client.query(`SELECT pg_catalog.pg_create_physical_replication_slot(${name}, true)`);
  return 'made';
}

async function ensure(client: pg.Client, slot: string, signal: AbortSignal): Promise<void> {
  for (const began = performance.now(); ; await delay(100, undefined, { signal })) {
    const outcome = await attempt(client, slot).catch((error: unknown) => {
      if (meetings.has((error as pg.DatabaseError).code ?? '')) return 'in use';
      throw error;
    });
    if (outcome === 'made') return;
    if (performance.now() - began > patienceMs)
      throw new Error(`replication slot "${slot}" is in use: another instance streams under this name`);
  }
}

/** Makes sure that `origin` keeps all WAL from now on for the standby that will stream from this slot. */
export async function reserveSlot(origin: ServerAddress, slot: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const config: pg.ClientConfig & { replication: string } = {
    ...origin,
    database: 'postgres',
    // A WAL sender, which counts apart from clients: with every connection taken by commits that wait for a standby, one must be able to
    // come back. It answers simple queries only.
    replication: 'database',
    connectionTimeoutMillis: 15_000,
    statement_timeout: statementTimeout,
    query_timeout: statementTimeout + 1_000,
    application_name: 'howdah',
  };
  const client = new pg.Client(config);
  client.on('error', () => undefined);
  await client.connect();
  try {
    await ensure(client, slot, signal);
  } finally {
    await client.end();
  }
}
