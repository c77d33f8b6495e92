import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import pino from 'pino';
import { parseLsn } from '../../postgres/lsn.ts';
import { temporaryPostgres, type TemporaryPostgres } from '../../testing/postgres.ts';
import { clone } from '../replication/clone.ts';
import { plantSegments } from './filler-segments.ts';
import { localHistory, plantHistories } from '../wal/history-files.ts';

const log = pino({ level: 'silent' });
const segmentSize = 1 << 24;
const root = await mkdtemp(path.join(os.tmpdir(), 'hwf-'));
await chmod(root, 0o755);
afterAll(() => rm(root, { recursive: true, force: true }));

const settings = {
  wal_level: 'replica',
  wal_keep_size: '64MB',
  wal_retrieve_retry_interval: '100ms',
  hot_standby: 'on',
};
const following = (source: TemporaryPostgres) => ({
  ...settings,
  primary_conninfo: `host=${source.socketDirectory} user=postgres`,
});

function own({ installation: { user } }: TemporaryPostgres, place: string): void {
  if (user) spawnSync('chown', ['-R', `${user.uid}:${user.gid}`, place]);
}

/** A standby of `source`, from a copy of it. */
async function standbyOf(source: TemporaryPostgres, name: string): Promise<TemporaryPostgres> {
  const origin = { host: source.socketDirectory, port: source.port, user: 'postgres' };
  const place = { data: path.join(root, name, 'data'), tablespaces: path.join(root, name, 'tablespaces') };
  await clone(origin, place, { label: name, log, signal: AbortSignal.timeout(60_000) });
  own(source, path.join(root, name));
  return temporaryPostgres({ dataDirectory: place.data, settings: following(source) });
}

async function until(rows: string, server: TemporaryPostgres): Promise<void> {
  while (String((await server.query('select i from t order by i')).map(({ i }) => i)) !== rows) await delay(50);
}

test('a standby that is behind gets past the fillers in the history of whom it follows', async () => {
  await using old = await temporaryPostgres({ settings });
  await old.query('create table t as select 1 as i');
  await using next = await standbyOf(old, 'next');
  await using behind = await standbyOf(old, 'behind');
  await behind.stop();
  await old.query('insert into t values (2)');
  await until('1,2', next);
  await old.stop();

  const [row] = await next.query<{ lsn: string }>('select pg_last_wal_replay_lsn()::text as lsn');
  await plantHistories(next.dataDirectory, { timeline: 1, lsn: parseLsn(row?.lsn ?? '') }, 5, new Map());
  own(next, next.dataDirectory);
  // It takes the last of them for its target, as it does sooner or later when it runs on, too.
  await next.stop();
  await next.start();
  await next.query('select pg_promote()');
  const history = await localHistory(next.dataDirectory, 5);
  expect(history.switches.map(({ timeline }) => timeline)).toEqual([1, 4]);
  await next.query('insert into t values (3)');

  const wal = path.join(next.dataDirectory, 'pg_wal');
  const made = await plantSegments(wal, history, segmentSize);
  expect(made).toEqual([expect.stringMatching(/^00000004/)]);
  own(next, wal);
  expect(await plantSegments(wal, history, segmentSize)).toEqual([]);
  await rm(path.join(behind.dataDirectory, 'postgresql.auto.conf'));
  await using again = await temporaryPostgres({ dataDirectory: behind.dataDirectory, settings: following(next) });
  await until('1,2,3', again);
});
