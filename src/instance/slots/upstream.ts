import { readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import type { Slot } from './plan.ts';
import { slotsQuery, type SlotRow } from './query.ts';

export interface UpstreamAddress {
  readonly ip: string;
  readonly port: number;
  readonly servername: string;
  readonly user: string;
}

/** The slots on the primary, asked as streaming_replica by its certificate. */
export async function upstreamSlots(address: UpstreamAddress, certificates: string): Promise<Slot[]> {
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
    return (await client.query<SlotRow>(slotsQuery)).rows;
  } finally {
    await client.end();
  }
}
