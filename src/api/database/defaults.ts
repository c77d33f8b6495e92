import type { Database } from '../generated/database.ts';
import { database as databaseKind } from '../kinds/database.ts';
import { withDefaults } from '../schema/defaults.ts';
import { fits } from '../schema/fits.ts';

/** A copy of the Database with everything said that it leaves to us. Doing it again changes nothing. */
export function defaultDatabase(database: Database): Database {
  if (!databaseKind.spec) throw new Error('a Database has a spec');
  if (!fits(databaseKind.spec, database.spec)) return database;
  return { ...database, spec: withDefaults(databaseKind.spec, database.spec) as Database['spec'] };
}
