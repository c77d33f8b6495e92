import pg from 'pg';
import type { ServerAddress } from './connection.ts';

interface SlotRow {
  active: boolean;
  reserved: boolean;
  lost: boolean;
}

const statementTimeout = 30_000;

async function ensure(client: pg.Client, slot: string): Promise<void> {
  const name = pg.escapeLiteral(slot);
  const { rows } = await client.query<SlotRow>(
    `SELECT active, restart_lsn IS NOT NULL AS reserved, COALESCE(wal_status = 'lost', false) AS lost
       FROM pg_catalog.pg_replication_slots WHERE slot_name = ${name}`,
  );
  const [found] = rows;
  if (found?.active) throw new Error(`replication slot "${slot}" is in use: another instance streams under this name`);
  if (found?.reserved && !found.lost) return;
  // A slot that holds no WAL, or lost it, would let the server recycle what this clone needs.
  if (found) await client.query(`SELECT pg_catalog.pg_drop_replication_slot(${name})`);
  await client.query(`SELECT pg_catalog.pg_create_physical_replication_slot(${name}, true)`);
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
    await ensure(client, slot);
  } finally {
    await client.end();
  }
}
