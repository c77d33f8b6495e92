import { expect, test } from '@jest/globals';
import pg from 'pg';
import { temporaryPostgres } from '../../testing/postgres.ts';
import { reserveSlot } from './slot.ts';

test('a slot is reserved, and kept, though clients have taken every connection', async () => {
  const settings = { max_connections: '5', wal_level: 'replica' };
  await using server = await temporaryPostgres({ major: 18, settings });
  await server.query('create role streaming_replica login replication');
  await server.query('create role app login');
  const origin = { host: server.socketDirectory, port: server.port, user: 'streaming_replica' };
  const slots = () =>
    server.query(
      'select slot_name as name, restart_lsn is not null as reserved, wal_status as status from pg_replication_slots',
    );

  const clients: pg.Client[] = [];
  await expect(
    (async () => {
      for (let i = 0; i < 6; i += 1) {
        const client = new pg.Client({ ...origin, user: 'app', database: 'postgres' });
        await client.connect();
        clients.push(client);
      }
    })(),
  ).rejects.toThrow('connection slots');
  const signal = AbortSignal.timeout(30_000);
  await reserveSlot(origin, 's1', signal);
  await reserveSlot(origin, 's1', signal);
  expect(await slots()).toContainEqual({ name: 's1', reserved: true, status: 'reserved' });
  await Promise.all(clients.map((client) => client.end()));
});

test('a slot that others make at the same time is met, one that is streamed from is not taken', async () => {
  await using server = await temporaryPostgres({ major: 18, settings: { wal_level: 'replica' } });
  await server.query('create role streaming_replica login replication');
  const origin = { host: server.socketDirectory, port: server.port, user: 'streaming_replica' };
  const signal = AbortSignal.timeout(50_000);
  for (let round = 0; round < 8; round++)
    await Promise.all(Array.from({ length: 4 }, () => reserveSlot(origin, `s${round}`, signal)));

  const other = new pg.Client({ ...origin, user: 'postgres', database: 'postgres' });
  await other.connect();
  // A temporary slot is in use as long as its session lives.
  await other.query("select pg_create_physical_replication_slot('mine', true, true)");
  await expect(reserveSlot(origin, 'mine', signal)).rejects.toThrow('slot "mine" is in use');
  await other.end();
});
