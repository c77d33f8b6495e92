import pg from 'pg';

/** What a backup notes of the server that it is taken from. */
export interface ServerFacts {
  readonly systemIdentifier: string;
  /** Such as 180004. */
  readonly version: number;
  readonly segmentSize: number;
  /** Bytes of all databases. */
  readonly size: number;
  readonly dataDirectory: string;
  readonly configFile: string;
  readonly hbaFile: string;
  readonly identFile: string;
  /** Names by oid. */
  readonly tablespaces: ReadonlyMap<number, string>;
}

const timeout = 30_000;

export async function withClient<T>(config: pg.ClientConfig, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionTimeoutMillis: 10_000,
    statement_timeout: timeout,
    query_timeout: timeout + 1_000,
    application_name: 'howdah',
    ...config,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

export const readServerFacts = (config: pg.ClientConfig): Promise<ServerFacts> =>
  withClient(config, async (client) => {
    const { rows } = await client.query<Record<string, string>>(`
      SELECT (SELECT system_identifier::text FROM pg_catalog.pg_control_system()) AS system,
             pg_catalog.current_setting('server_version_num') AS version,
             (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'wal_segment_size') AS segment,
             (SELECT pg_catalog.sum(pg_catalog.pg_database_size(oid))::text FROM pg_catalog.pg_database) AS size,
             pg_catalog.current_setting('data_directory') AS data,
             pg_catalog.current_setting('config_file') AS config,
             pg_catalog.current_setting('hba_file') AS hba,
             pg_catalog.current_setting('ident_file') AS ident`);
    const row = rows[0] ?? {};
    const tablespaces = await client.query<{ oid: number; name: string }>(
      'SELECT oid::int AS oid, spcname::text AS name FROM pg_catalog.pg_tablespace',
    );
    return {
      systemIdentifier: row['system'] ?? '',
      version: Number(row['version']),
      segmentSize: Number(row['segment']),
      size: Number(row['size']),
      dataDirectory: row['data'] ?? '',
      configFile: row['config'] ?? '',
      hbaFile: row['hba'] ?? '',
      identFile: row['ident'] ?? '',
      tablespaces: new Map(tablespaces.rows.map(({ oid, name }) => [oid, name])),
    };
  });
