// Run by inside-session.ts in the network of a node: one session that was open before the node is cut off, and writes on for as long as
// the server answers. A line on standard output for each answer.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { acknowledgementOf, stamp } from '../stamp.ts';

const { config, table } = JSON.parse(await text(process.stdin)) as { config: pg.ClientConfig; table: string };
const client = new pg.Client(config);
client.on('error', () => undefined);
await client.connect();
const insert = `insert into ${pg.escapeIdentifier(table)} (id) values`;
for (let id = 1; ; id += 1) {
  const answers = await client.query(`begin; ${insert} (${id}); commit; ${stamp}`).catch(() => undefined);
  if (!answers) break;
  process.stdout.write(`${JSON.stringify({ id, ...acknowledgementOf(answers) })}\n`);
  await sleep(10);
}
process.stdout.end();
await once(process.stdout, 'close');
process.exit(0);
