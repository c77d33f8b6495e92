import { readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';

export interface UpstreamSlot {
  readonly name: string;
  readonly lsn: string | null;
}

/** The slots on the primary, asked as streaming_replica by its certificate. */
export async function upstreamSlots(
  address: { readonly ip: string; readonly port: number; readonly servername: string; readonly user: string },
  certificates: string,
  prefix: string,
): Promise<UpstreamSlot[]> {
  const read = (name: string): Promise<string> => readFile(path.join(certificates, name), 'utf8');
  const [ca, cert, key] = await Promise.all([
    read('server-ca.crt'),
    read('streaming_replica.crt'),
    read('streaming_replica.key'),
  ]);
  const client = new pg.Client({
    host: address.ip,
    port: address.port,
    user: address.user,
    database: 'postgres',
    ssl: { ca, cert, key, servername: address.servername },
    connectionTimeoutMillis: 5000,
    query_timeout: 5000,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string; lsn: string | null }>(
      `SELECT slot_name AS name, restart_lsn::text AS lsn FROM pg_catalog.pg_replication_slots
        WHERE slot_type = 'physical' AND NOT temporary AND left(slot_name, length($1)) = $1`,
      [prefix],
    );
    return rows;
  } finally {
    await client.end();
  }
}
