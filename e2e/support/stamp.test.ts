import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { temporaryPostgres } from '../../src/testing/postgres.ts';
import { WriteLoad } from './write-load.ts';

test('an answer is stamped when it is sent: after the commit has waited for its standbys, with the timeline', async () => {
  await using server = await temporaryPostgres({ settings: { synchronous_standby_names: 'nobody' } });
  const config = { host: server.socketDirectory, port: server.port, user: 'postgres', database: 'postgres' };
  await server.query('set synchronous_commit = local; create table load (id bigint, at timestamptz default now())');
  await using load = await WriteLoad.start(() => Promise.resolve(config), { clients: 1 });
  await sleep(1000);
  expect(load.count).toBe(0);
  await server.query("alter system set synchronous_standby_names = ''");
  const released = Date.now();
  await server.query('select pg_reload_conf()');
  while (load.count < 10) await sleep(20);
  const { acknowledgements } = await load.stop();
  expect(new Set(acknowledgements.map(({ by }) => by))).toEqual(new Set(['00000001']));
  const sent = acknowledgements.map((answer) => answer.sent);
  expect(sent[0]).toBeGreaterThan(released);
  expect(sent).toEqual(sent.toSorted((a, b) => a - b));
});
