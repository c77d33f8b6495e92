import pg from 'pg';
import { quoteIdentifier } from '../../postgres/quote.ts';

export interface Verification {
  readonly databases: number;
  readonly tables: number;
  readonly indexes: number;
  readonly method: 'amcheck' | 'read';
  readonly dataChecksums: boolean;
  /** What is damaged, one sentence each. */
  readonly problems: readonly string[];
}

interface Relation {
  readonly name: string;
  readonly oid: string;
  readonly kind: 'table' | 'index';
}

interface Found {
  tables: number;
  indexes: number;
  readonly problems: string[];
}

const problemLimit = 50;

/** Permanent tables with their TOAST tables and catalogs, and valid B-tree indexes of such. */
const relations = `
  SELECT c.oid::text AS oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS name,
         CASE WHEN c.relkind = 'i' THEN 'index' ELSE 'table' END AS kind
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_am a ON a.oid = c.relam
    LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
   WHERE c.relpersistence = 'p'
     AND ((c.relkind IN ('r', 'm', 't') AND a.amname = 'heap')
       OR (c.relkind = 'i' AND a.amname = 'btree' AND i.indisvalid AND i.indisready))
   ORDER BY c.relkind = 'i', c.oid`;

async function withDatabase<T>(
  config: pg.ClientConfig,
  database: string,
  signal: AbortSignal,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({
    application_name: 'howdah-drill',
    ...config,
    database,
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  const stop = (): void => void client.end().catch(() => undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await use(client);
  } finally {
    signal.removeEventListener('abort', stop);
    await client.end().catch(() => undefined);
  }
}

const checks = {
  amcheck: {
    table: `SELECT blkno::text AS block, msg AS message FROM public.verify_heapam($1::pg_catalog.regclass) LIMIT ${problemLimit}`,
    index: 'SELECT public.bt_index_check($1::pg_catalog.regclass, true)',
  },
} as const;

/** Whole tables are read where there is no amcheck; an index is then read as far as it has to be. */
const readTable = (name: string): string => `SELECT pg_catalog.count(*) FROM ONLY ${name} AS t WHERE t IS NOT NULL`;

async function checkRelation(client: pg.Client, relation: Relation, method: Verification['method'], found: Found) {
  const { name, oid, kind } = relation;
  try {
    if (method === 'amcheck') {
      const { rows } = await client.query<{ block?: string; message?: string }>(checks.amcheck[kind], [oid]);
      if (kind === 'table')
        for (const { block, message } of rows) found.problems.push(`table ${name}, block ${block}: ${message}`);
    } else if (kind === 'table') await client.query(readTable(name));
    found[kind === 'table' ? 'tables' : 'indexes'] += 1;
  } catch (error) {
    found.problems.push(`${kind} ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function checkDatabase(client: pg.Client, database: string, found: Found, signal: AbortSignal) {
  const available = await client.query("SELECT FROM pg_catalog.pg_available_extensions WHERE name = 'amcheck'");
  const method = available.rows.length > 0 ? 'amcheck' : 'read';
  if (method === 'amcheck') {
    await client.query('CREATE SCHEMA IF NOT EXISTS public');
    const { rows } = await client.query("SELECT FROM pg_catalog.pg_extension WHERE extname = 'amcheck'");
    if (rows.length > 0) await client.query('ALTER EXTENSION amcheck SET SCHEMA public');
    else await client.query(`CREATE EXTENSION ${quoteIdentifier('amcheck')} SCHEMA public`);
  }
  const { rows } = await client.query<Relation>(relations);
  for (const relation of rows) {
    signal.throwIfAborted();
    if (found.problems.length >= problemLimit) break;
    const before = found.problems.length;
    await checkRelation(client, relation, method, found);
    for (let at = before; at < found.problems.length; at++)
      found.problems[at] = `database ${database}: ${found.problems[at]}`;
  }
  return method;
}

/**
 * Reads all of a database cluster and says what of it is damaged. It creates the extension amcheck in every database, so the
 * cluster must be one to be thrown away. With data checksums PostgreSQL verifies each page that it reads.
 */
export async function verifyDatabases(config: pg.ClientConfig, signal: AbortSignal): Promise<Verification> {
  const found: Found = { tables: 0, indexes: 0, problems: [] };
  const methods = new Set<string>();
  const { names, dataChecksums } = await withDatabase(config, 'postgres', signal, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      'SELECT datname AS name FROM pg_catalog.pg_database WHERE datallowconn ORDER BY datname',
    );
    const shown = await client.query<{ on: string }>("SELECT pg_catalog.current_setting('data_checksums') AS on");
    return { names: rows.map(({ name }) => name), dataChecksums: shown.rows[0]?.on === 'on' };
  });
  for (const name of names) {
    methods.add(await withDatabase(config, name, signal, (client) => checkDatabase(client, name, found, signal)));
  }
  const failures = await withDatabase(config, 'postgres', signal, async (client) => {
    const { rows } = await client.query<{ count: number }>(
      'SELECT coalesce(pg_catalog.sum(checksum_failures), 0)::int AS count FROM pg_catalog.pg_stat_database',
    );
    return rows[0]?.count ?? 0;
  });
  if (failures > 0) found.problems.push(`${failures} pages failed their checksum`);
  const method = methods.has('read') ? 'read' : 'amcheck';
  return { databases: names.length, method, dataChecksums, ...found };
}
