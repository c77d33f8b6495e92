import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import pino from 'pino';
import type { ControlData } from '../../postgres/control-data.ts';
import { temporaryPostgres, type TemporaryPostgres } from '../../testing/postgres.ts';
import { clone } from './clone.ts';
import { rewind, RewindRefused, rewindObstacle } from './rewind.ts';

const debian = '/usr/lib/postgresql/15/bin/pg_rewind';
const there = existsSync(debian);
if (!there) process.stdout.write(`pg_rewind tests SKIPPED: there is no ${debian} (Debian package postgresql-15)\n`);
const whenThere = there ? test : test.skip;

const log = pino({ level: 'silent' });
const roots: string[] = [];
afterEach(async () => {
  for (const root of roots.splice(0)) await rm(root, { recursive: true, force: true });
});

const control = (over: Partial<ControlData> = {}): ControlData =>
  ({ dataChecksums: 1, walLogHints: false, walSegmentSize: 1 << 24, ...over }) as ControlData;
const good = {
  ...{ program: true, control: control(), wal: ['000000020000000000000003'], freeBytes: 2 ** 40, leadsOutside: false },
  fork: { timeline: 2, end: 0x3000028n },
};
test.each([
  [{}, undefined],
  [{ program: false }, 'no pg_rewind'],
  [{ control: control({ dataChecksums: 0 }) }, 'checksums'],
  [{ control: control({ dataChecksums: 0, walLogHints: true }) }, undefined],
  [{ leadsOutside: true }, 'tablespaces'],
  [{ fork: undefined }, 'does not name'],
  [{ wal: ['000000020000000000000004'] }, '000000020000000000000003'],
  [{ freeBytes: 1 << 20 }, 'only 1 MB'],
])('before a rewind: %j → %s', (over, obstacle) => {
  const found = rewindObstacle({ ...good, ...over });
  if (obstacle === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(obstacle);
});

interface Pair {
  readonly old: TemporaryPostgres;
  readonly current: TemporaryPostgres;
  /** pg_rewind and postgres as the server's user. */
  readonly program: string;
  readonly postgres: string;
  readonly own: () => void;
}

/** An old primary that went on alone for a while, and the one that was promoted beside it. */
async function parted(): Promise<Pair> {
  const settings = { wal_log_hints: 'on', wal_keep_size: '64MB', wal_level: 'replica' };
  const old = await temporaryPostgres({ major: 15, settings, initdb: ['--wal-segsize=1'] });
  await old.query('CREATE TABLE t AS SELECT 1 AS i');
  const root = await mkdtemp(path.join(os.tmpdir(), 'hwr-'));
  roots.push(root);
  const { user } = old.installation;
  const own = (): void => {
    const who = user ? `${user.uid}:${user.gid}` : undefined;
    if (who) spawnSync('chown', ['-R', who, root, old.dataDirectory]);
  };
  const origin = { host: old.socketDirectory, port: old.port, user: 'postgres' };
  const place = { data: `${root}/data`, tablespaces: `${root}/tablespaces` };
  await clone(origin, place, { label: 'test', log, signal: AbortSignal.timeout(60_000) });
  await chmod(root, 0o755);
  own();
  const conninfo = `host=${old.socketDirectory} user=postgres`;
  const following = { ...settings, primary_conninfo: conninfo };
  const current = await temporaryPostgres({ major: 15, dataDirectory: place.data, settings: following });
  await current.query('SELECT pg_promote()');
  await old.query('INSERT INTO t VALUES (2)');
  await current.query('INSERT INTO t VALUES (3)');
  const program = path.join(root, 'as-server');
  const as = user ? `setpriv --reuid=${user.uid} --regid=${user.gid} --clear-groups ` : '';
  await writeFile(program, `#!/bin/sh\nexec ${as}${debian} "$@"\n`);
  const postgres = path.join(root, 'postgres-as-server');
  await writeFile(postgres, `#!/bin/sh\nexec ${as}${path.join(old.installation.bin, 'postgres')} "$@"\n`);
  for (const file of [program, postgres]) await chmod(file, 0o755);
  return { old, current, program, postgres, own };
}

const run = ({ old, current, own, postgres }: Pair, program: string, begin: () => Promise<void>): Promise<void> =>
  rewind(
    {
      program,
      postgres,
      dataDirectory: old.dataDirectory,
      source: { host: current.socketDirectory, port: '5432', user: 'postgres', dbname: 'postgres' },
      log,
      signal: AbortSignal.timeout(60_000),
    },
    begin,
  ).finally(own);

whenThere('F24: an old primary that was killed is rewound, follows, and what it alone had is gone', async () => {
  const pair = await parted();
  const { old, current, program } = pair;
  await using _old = old;
  await using _current = current;
  await chmod(path.join(old.dataDirectory, 'postgresql.auto.conf'), 0o400);
  await old.stop('immediate');
  const begun: string[] = [];
  await run(pair, program, async () => void begun.push('flag'));
  expect(begun).toEqual(['flag']);
  const conninfo = `host=${current.socketDirectory} user=postgres`;
  const lines = [`primary_conninfo = '${conninfo}'`, `unix_socket_directories = '${old.socketDirectory}'`];
  await writeFile(path.join(old.dataDirectory, 'postgresql.auto.conf'), `listen_addresses = ''\n${lines.join('\n')}\n`);
  pair.own();
  await old.start();
  await current.query('INSERT INTO t VALUES (4)');
  const rows = async (): Promise<unknown> => (await old.query('SELECT i FROM t ORDER BY i')).map(({ i }) => i);
  for (let tries = 0; String(await rows()) !== '1,3,4' && tries < 200; tries++) await delay(50);
  expect(await rows()).toEqual([1, 3, 4]);
  expect(await old.query('SELECT pg_is_in_recovery() AS r')).toEqual([{ r: true }]);
});

whenThere('a rewind that cannot succeed is refused before a byte is changed', async () => {
  const pair = await parted();
  await using old = pair.old;
  await using _current = pair.current;
  await old.stop('fast');
  const wal = path.join(old.dataDirectory, 'pg_wal');
  for (const name of await readdir(wal)) if (/^[0-9A-F]{24}$/.test(name)) await rm(path.join(wal, name));
  const begun: string[] = [];
  const outcome = run(pair, pair.program, async () => void begun.push('flag'));
  await expect(outcome).rejects.toBeInstanceOf(RewindRefused);
  expect(begun).toEqual([]);
});

whenThere('a rewind that fails half-way has said that it began: the directory is not to be used again', async () => {
  const pair = await parted();
  await using old = pair.old;
  await using _current = pair.current;
  await old.stop('fast');
  const failing = `${pair.program}-failing`;
  await writeFile(
    failing,
    `#!/bin/sh\ncase "$*" in *--dry-run*) exec ${pair.program} "$@";; esac\necho boom >&2; exit 1\n`,
  );
  await chmod(failing, 0o755);
  const begun: string[] = [];
  const outcome = run(pair, failing, async () => void begun.push('flag'));
  await expect(outcome).rejects.toThrow('boom');
  await expect(outcome).rejects.not.toBeInstanceOf(RewindRefused);
  expect(begun).toEqual(['flag']);
});
