import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { parseControlData, type ControlData } from '../../../postgres/control-data.ts';
import { temporaryPostgres, type TemporaryPostgres } from '../../../testing/postgres.ts';
import { Session } from '../../sql/session.ts';
import { eventually } from '../../testing.ts';
import { standbyPosition, timelineOfRecord } from '../core/position.ts';
import { endOfStoppedLog } from './wal-end.ts';

const control = async ({ dataDirectory }: TemporaryPostgres): Promise<ControlData> =>
  parseControlData(await readFile(path.join(dataDirectory, 'global/pg_control')));

/** Where PostgreSQL itself, started as a standby that follows nobody, finds the end of this log. */
async function endByPostgres(server: TemporaryPostgres): Promise<{ timeline: number; lsn: bigint }> {
  await writeFile(path.join(server.dataDirectory, 'standby.signal'), '');
  await server.start();
  await using session = new Session({ socketDirectory: server.socketDirectory, port: server.port });
  return eventually(async () => {
    const found = await standbyPosition(session, server.dataDirectory, await control(server));
    return found?.settled === true && found.position;
  }, 30);
}

test.each(['fast', 'immediate'] as const)(
  'the end of the log after a %s stop is where PostgreSQL finds it, on each timeline',
  async (mode) => {
    await using server = await temporaryPostgres({
      settings: { max_wal_size: '64MB', wal_retrieve_retry_interval: '100ms', hot_standby: 'on' },
      initdb: ['--wal-segsize=1'],
    });
    for (let timeline = 1; timeline <= 2; timeline++) {
      // Records over many pages and over segments, and a switch at the very end.
      await server.query("CREATE TABLE t AS SELECT repeat('x', 900) || i AS x FROM generate_series(1, 5000) AS i");
      await server.query("SELECT pg_logical_emit_message(false, 'long', repeat('y', 3000000))");
      await server.query('DROP TABLE t');
      if (timeline === 2) await server.query('SELECT pg_switch_wal()');
      await server.stop(mode);
      const found = await endOfStoppedLog(server.dataDirectory, await control(server));
      expect(found).toEqual(await endByPostgres(server));
      expect(found.timeline).toBe(timeline);
      // Promoted and stopped at once, before the checkpoint of the new timeline.
      if (timeline === 1) await server.query('SELECT pg_promote(true)');
    }
  },
);

test('a position at which a timeline was left is still of that timeline', () => {
  const history = {
    timeline: 4,
    switches: [
      { timeline: 1, end: 100n, reason: '' },
      { timeline: 3, end: 200n, reason: '' },
    ],
  };
  expect([99n, 100n, 101n, 200n, 201n].map((lsn) => timelineOfRecord(history, lsn))).toEqual([1, 1, 3, 3, 4]);
});
