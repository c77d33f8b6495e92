import { quoteIdentifier } from '../../postgres/quote.ts';
import { preloadLibraries } from '../../postgres/parameters.ts';
import type { InstanceContext } from '../context/context.ts';
import { servesAsPrimary, type InstanceView } from '../world/view.ts';
import { Session } from '../sql/session.ts';

/** Extensions that come and go with their parameters (reference §2.16). */
const managed = ['pgaudit', 'pg_stat_statements'];

async function inDatabase(context: InstanceContext, database: string, wanted: ReadonlySet<string>): Promise<void> {
  const { paths, port } = context.environment;
  await using session = new Session({ socketDirectory: paths.sockets, port, database });
  const rows = await session.query<{ name: string }>('SELECT extname AS name FROM pg_catalog.pg_extension');
  const present = new Set(rows.map(({ name }) => name));
  for (const name of managed) {
    const extension = quoteIdentifier(name);
    if (wanted.has(name) && !present.has(name)) {
      await session.query(`SET search_path = public; CREATE EXTENSION IF NOT EXISTS ${extension}; RESET search_path`);
    }
    if (!wanted.has(name) && present.has(name)) await session.query(`DROP EXTENSION IF EXISTS ${extension}`);
  }
}

/** Creates and drops the managed extensions in every database that can be connected to, when the wish for them changes. */
export function ensureExtensions(context: InstanceContext): (view: InstanceView) => Promise<void> {
  let done = '';
  return async (view) => {
    if (!servesAsPrimary(view) || !view.cluster) return;
    const libraries = preloadLibraries([], view.cluster.spec.postgresql?.parameters ?? {});
    const wanted = new Set(managed.filter((name) => libraries.includes(name)));
    const rows = await context.session.query<{ name: string }>(
      'SELECT datname AS name FROM pg_catalog.pg_database WHERE datallowconn ORDER BY datname',
    );
    const databases = rows.map(({ name }) => name);
    const state = JSON.stringify([[...wanted], databases]);
    // A library is there only after the restart that loads it.
    if (state === done || view.server?.pendingRestart.includes('shared_preload_libraries')) return;
    if (wanted.size > 0 || done !== '') for (const database of databases) await inDatabase(context, database, wanted);
    done = state;
  };
}
