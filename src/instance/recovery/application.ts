import type pg from 'pg';
import { quoteIdentifier } from '../../postgres/quote.ts';
import { withClient } from '../backup/server-facts.ts';

export interface Application {
  readonly database: string;
  readonly owner: string;
}

/** The application's database and its owner exist after a recovery, whatever the backup held (reference §2.6). */
export const ensureApplication = (connection: pg.ClientConfig, { database, owner }: Application): Promise<void> =>
  withClient(connection, async (client) => {
    const role = await client.query('SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = $1', [owner]);
    if (role.rowCount === 0) await client.query(`CREATE ROLE ${quoteIdentifier(owner)} LOGIN`);
    const found = await client.query('SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1', [database]);
    if (found.rowCount === 0) {
      await client.query(`CREATE DATABASE ${quoteIdentifier(database)} OWNER ${quoteIdentifier(owner)}`);
    }
  });
