import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { walKey } from '../../objectstore/layout.ts';
import { type TemporaryPostgres, temporaryPostgres } from '../../testing/postgres.ts';
import { alwaysPrimary, anOwner, shipHere, silent, testArchive } from '../recovery/testing.ts';
import { clone } from '../replication/clone.ts';
import { Archiver, type ArchiverDeps } from './archive.ts';
import { localHistory } from './history-files.ts';
import { parseHistory } from '../../postgres/timeline.ts';
import { readyFiles } from './ready.ts';
import { UnnotedSegments } from './unnoted.ts';

const segmentSize = 1 << 20;
const root = await mkdtemp(path.join(os.tmpdir(), 'hwn-'));
await chmod(root, 0o755);
afterAll(() => rm(root, { recursive: true, force: true }));
const signal = (): AbortSignal => AbortSignal.timeout(60_000);

const settings = {
  wal_level: 'replica',
  wal_keep_size: '64MB',
  archive_mode: 'always',
  archive_command: 'false',
  hot_standby: 'on',
};

function own({ installation: { user } }: TemporaryPostgres, place: string): void {
  if (user) spawnSync('chown', ['-R', `${user.uid}:${user.gid}`, place]);
}

async function copyOf(source: TemporaryPostgres): Promise<string> {
  const origin = { host: source.socketDirectory, port: source.port, user: 'postgres' };
  const place = { data: path.join(root, 'data'), tablespaces: path.join(root, 'tablespaces') };
  await clone(origin, place, { label: 'standby', log: silent, signal: signal() });
  own(source, root);
  return place.data;
}

/** Fills the current segment by a switch; its name. */
async function fill(server: TemporaryPostgres, sql: string): Promise<string> {
  await server.query(sql);
  const [row] = await server.query<{ name: string }>('select pg_walfile_name(pg_switch_wal()) as name');
  return row?.name ?? '';
}

const written = async (server: TemporaryPostgres): Promise<string> => {
  const [row] = await server.query<{ name: string }>('select pg_walfile_name(pg_current_wal_lsn()) as name');
  return row?.name ?? '';
};

test('a segment that the lost primary switched as the last thing is archived by its successor, whose rest of it is another', async () => {
  await using old = await temporaryPostgres({ settings, initdb: ['--wal-segsize=1'] });
  const data = await copyOf(old);
  const first = await fill(old, 'create table t as select generate_series(1, 3000) as i');
  const last = await fill(old, 'insert into t select generate_series(1, 500)');
  await old.stop('immediate');

  // What a standby has whose primary was lost between the record of the switch and the zeros after it: a file that was used before.
  const wal = path.join(data, 'pg_wal');
  const theirs = await readFile(path.join(old.dataDirectory, 'pg_wal', last));
  const end = theirs.findLastIndex((byte) => byte !== 0) + 1;
  const ours = Buffer.concat([theirs.subarray(0, end + 8), Buffer.alloc(segmentSize - end - 8, 'used before ')]);
  for (const name of await readdir(path.join(old.dataDirectory, 'pg_wal')))
    if (/^[0-9A-F]{24}$/.test(name) && name <= first)
      await writeFile(path.join(wal, name), await readFile(path.join(old.dataDirectory, 'pg_wal', name)));
  await writeFile(path.join(wal, last), ours);
  own(old, root);
  await using next = await temporaryPostgres({ dataDirectory: data, settings });
  await next.query('select pg_promote()');
  expect(await next.query('select count(*)::int as n from t')).toEqual([{ n: 3500 }]);
  await next.query('create table u as select 1 as i');
  const history = await localHistory(data, 2);
  expect(history.switches[0]?.end).toBe(BigInt(Number.parseInt(last.slice(16), 16) + 1) * BigInt(segmentSize));
  const status = await readdir(path.join(wal, 'archive_status'));
  expect(status.filter((name) => name.startsWith(last))).toEqual([]);

  // Prepared for later, with the name of a segment of this timeline, and what a promotion left of another: neither is full.
  const [made, current] = [`${history.timeline}`.padStart(8, '0') + last.slice(8), await written(next)];
  await writeFile(path.join(wal, made), Buffer.alloc(segmentSize));
  const unnoted = new UnnotedSegments();
  const noted = await unnoted.note(wal, history, current, segmentSize);
  await rm(path.join(wal, made));
  own(next, wal);
  expect(noted).toContain(last);
  expect(noted).not.toContain(made);
  expect(noted).not.toContain(current);
  expect(await readyFiles(wal)).toContain(last);
  expect(await unnoted.note(wal, history, current, segmentSize)).toEqual([]);

  // The old primary may have been at it.
  await using store = await testArchive();
  const archive = await store.open('one');
  const alarms: string[] = [];
  const deps: ArchiverDeps = {
    ...alwaysPrimary,
    dataDirectory: data,
    source: { get: () => Promise.resolve(archive), invalidate: () => undefined },
    systemIdentifier: () => Promise.resolve('7'),
    history: () => Promise.resolve(history),
    segmentSize: () => Promise.resolve(segmentSize),
    ...{ owner: anOwner(data), alarm: (message) => void alarms.push(message) },
    ship: shipHere(() => Promise.resolve(archive)),
    reporter: { report: () => undefined },
    ...{ log: silent, signal: signal() },
  };
  await writeFile(`${data}/.check-empty-wal-archive`, '');
  const archiver = new Archiver(deps);
  expect(await archiver.archive(path.join(wal, first), signal())).toEqual({ outcome: 'archived' });
  await archive.store.put(walKey(archive.config.location, last, 'none'), theirs);
  expect(await archiver.archive(path.join(wal, last), signal())).toEqual({ outcome: 'archived' });
  expect(alarms).toEqual([]);

  // What stands before the switch must be the same.
  const other = Buffer.from(theirs);
  other.writeUInt8(other.readUInt8(end - 40) ^ 1, end - 40);
  await archive.store.put(walKey(archive.config.location, last, 'none'), other);
  expect(await new Archiver(deps).archive(path.join(wal, last), signal())).toMatchObject({ outcome: 'failed' });
  expect(alarms).toEqual([expect.stringContaining('different content')]);
});

/** Segment 3 as far as isFull looks at it. */
function fullSegment(): Buffer {
  const page = 8192;
  const full = Buffer.alloc(segmentSize);
  for (let at = 0; at < segmentSize; at += page) full.writeBigUInt64LE(BigInt(3 * segmentSize + at), at + 8);
  full.writeUInt32LE(page, 36);
  return full;
}

async function walDirectory(place: string): Promise<string> {
  const wal = path.join(root, place, 'pg_wal');
  await mkdir(path.join(wal, 'archive_status'), { recursive: true });
  return wal;
}

test('a segment that goes between the list and the look holds up none of the others', async () => {
  const wal = await walDirectory('recycled');
  // It is listed, and nothing is there when it is looked at.
  await symlink('nowhere', path.join(wal, '000000010000000000000002'));
  await writeFile(path.join(wal, '000000010000000000000003'), fullSegment());
  const note = new UnnotedSegments().note(wal, parseHistory(1, ''), '000000010000000000000005', segmentSize);
  expect(await note).toEqual(['000000010000000000000003']);
});

test('a segment that was left incomplete is read again only when it has changed', async () => {
  const wal = await walDirectory('incomplete');
  const full = fullSegment();
  const incomplete = Buffer.concat([full.subarray(0, segmentSize / 2), Buffer.alloc(segmentSize / 2)]);
  const [name, written] = ['000000010000000000000003', '000000010000000000000005'];
  const file = path.join(wal, name);
  const put = async (content: Buffer, time: string): Promise<void> => {
    await writeFile(file, content);
    await utimes(file, new Date(time), new Date(time));
  };
  const history = parseHistory(1, '');
  const unnoted = new UnnotedSegments();
  const note = (): Promise<string[]> => unnoted.note(wal, history, written, segmentSize);

  await put(incomplete, '2026-11-30T12:00:00Z');
  expect(await note()).toEqual([]);
  await put(full, '2026-11-30T12:00:00Z');
  expect(await note()).toEqual([]);
  await put(full, '2026-11-30T12:00:01Z');
  expect(await note()).toEqual([name]);
  expect(await note()).toEqual([]);

  // So young that another write may leave its time as it is.
  await rm(path.join(wal, 'archive_status', `${name}.ready`));
  await put(incomplete, '2100-01-01T00:00:00Z');
  expect(await note()).toEqual([]);
  await put(full, '2100-01-01T00:00:00Z');
  expect(await note()).toEqual([name]);
});
