import { type ArchivingPostgres, archivingPostgres } from '../../../src/instance/recovery/testing.ts';
import type { Archive } from '../../../src/instance/wal/archive-source.ts';
import { aborted } from '../interrupt.ts';

/** Of one database; there are as many as the asked size needs, made by copying files. */
const databaseSize = 256;

/** What real tables hold: rows with text, JSON, numbers and indexes, and a third of bytes that no compression makes smaller. */
const fill = [
  'CREATE EXTENSION pgcrypto',
  `CREATE TABLE account AS SELECT i AS id, 'customer ' || i AS name, md5(i::text) AS token, now() AS at, (i % 977) * 1.25 AS balance,
     'Lorem ipsum dolor sit amet, order ' || (i % 100003) || ' shipped to street ' || (i % 5003) AS note
   FROM generate_series(1, 500000) i`,
  'ALTER TABLE account ADD PRIMARY KEY (id)',
  'CREATE INDEX ON account (token)',
  `CREATE TABLE event AS SELECT i AS id, jsonb_build_object('user', i % 9973, 'kind', (ARRAY['view','click','buy'])[i % 3 + 1],
     'price', i % 1009, 'path', '/shop/' || i % 4001) AS doc FROM generate_series(1, 350000) i`,
  'CREATE TABLE photo (data bytea)',
  'ALTER TABLE photo ALTER COLUMN data SET STORAGE external',
  'INSERT INTO photo SELECT gen_random_bytes(1024) FROM generate_series(1, 75000)',
];

/** A PostgreSQL 15 with about `mebibytes` of mixed data that archives to `archive`, and listens on `address`. */
export async function mixedDatabase(
  archive: Archive,
  { mebibytes, address, signal }: { mebibytes: number; address: string; signal: AbortSignal },
): Promise<ArchivingPostgres> {
  const pg = await archivingPostgres(() => Promise.resolve(archive), {
    major: 15,
    // Durability off makes the filling quick; what is measured only reads.
    settings: {
      ...{ max_wal_size: '8GB', shared_buffers: '256MB', full_page_writes: 'off' },
      listen_addresses: address,
    },
    hba: ['local all all trust', 'local replication all trust', 'hostssl replication postgres all cert'],
  });
  try {
    await Promise.race([fillUp(pg, mebibytes, signal), aborted(signal)]);
    return pg;
  } catch (error) {
    await pg[Symbol.asyncDispose]();
    throw error;
  }
}

async function fillUp(pg: ArchivingPostgres, mebibytes: number, signal: AbortSignal): Promise<void> {
  await pg.server.query('CREATE DATABASE part');
  await using client = await connect(pg);
  for (const statement of fill) await client.query(statement);
  await client.end();
  for (let number = 2; number * databaseSize <= mebibytes && !signal.aborted; number += 1)
    await pg.server.query(`CREATE DATABASE part${number} TEMPLATE part STRATEGY file_copy`);
  await pg.server.query('CHECKPOINT');
}

async function connect({ server }: ArchivingPostgres) {
  const { default: postgres } = await import('pg');
  const client = new postgres.Client(server.connection('part'));
  // Its statement is told; afterwards nobody waits for anything on it.
  client.on('error', () => undefined);
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end().catch(() => undefined) });
}
