// Run by inside-session.ts in the network of a node: one session that was open before the node is cut off, and writes on for as long as
// the server answers. A line on standard output for each answer.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import pg from 'pg';

const { config, table } = JSON.parse(await text(process.stdin)) as { config: pg.ClientConfig; table: string };
const client = new pg.Client(config);
client.on('error', () => undefined);
await client.connect();
const statement = `insert into ${pg.escapeIdentifier(table)} (id) values ($1)
  returning extract(epoch from clock_timestamp())::float8 * 1000 as sent,
            substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) as by`;
for (let id = 1; ; id += 1) {
  const answer = await client.query<{ by: string; sent: number }>(statement, [id]).catch(() => undefined);
  if (!answer) break;
  process.stdout.write(`${JSON.stringify({ id, ...answer.rows[0] })}\n`);
  await sleep(10);
}
process.stdout.end();
await once(process.stdout, 'close');
process.exit(0);
