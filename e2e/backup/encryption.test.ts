// Backups and WAL that are encrypted before they leave the server, over a change of keys.
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type KeyRing, parseKeyRing } from '../../src/objectstore/codec/key-ring.ts';
import { type ArchivingPostgres, archivingPostgres, testArchive } from '../../src/instance/recovery/testing.ts';
import { aRestore, backUp } from '../../src/instance/recovery/testing-restore.ts';
import type { Archive } from '../../src/instance/wal/archive-source.ts';
import { temporaryPostgres } from '../../src/testing/postgres.ts';

const major = 18;
const hash = "SELECT count(*)::int AS n, md5(string_agg(t::text, ',' ORDER BY i)) AS h FROM t";
const known = 'a text that is to be seen nowhere in the archive';
const [first, second] = [randomBytes(32), randomBytes(32)];
const ring = (data: Record<string, Buffer>): KeyRing => parseKeyRing(data, 'Secret "keys"');
const releases = new AsyncDisposableStack();
let open: (keys: KeyRing | undefined) => Promise<Archive>;
let pg: ArchivingPostgres;
const backups: string[] = [];
let expected: unknown;

beforeAll(async () => {
  const archive = releases.use(await testArchive());
  const packed = { compression: 'none', attributes: {} } as const;
  open = (keys) =>
    archive.open('one', {
      data: { ...packed, jobs: 2, immediateCheckpoint: true },
      wal: { ...packed, maxParallel: 2 },
      ...(keys && { keys }),
    });
  let now = await open(ring({ first }));
  pg = releases.use(await archivingPostgres(() => Promise.resolve(now), { major }));
  await pg.server.query(`CREATE TABLE t AS SELECT i, '${known}' AS v FROM generate_series(1, 5000) i`);
  backups.push(await backUp(pg, now));
  await pg.server.query('INSERT INTO t SELECT i, md5(i::text) FROM generate_series(5001, 6000) i');
  await pg.switchAndWait();
  now = await open(ring({ first, second, current: Buffer.from('second') }));
  await pg.server.query('INSERT INTO t SELECT i, md5(i::text) FROM generate_series(6001, 7000) i');
  await pg.switchAndWait();
  backups.push(await backUp(pg, now));
  await pg.server.query('INSERT INTO t SELECT i, md5(i::text) FROM generate_series(7001, 8000) i');
  [expected] = await pg.server.query(hash);
  await pg.switchAndWait();
});
afterAll(() => releases.disposeAsync());

test('nothing of the database is in the archive for who has no key', async () => {
  const { store } = await open(undefined);
  const keys = new Set<string>();
  let sealed = 0;
  for await (const entry of store.list('p/one/')) {
    if (entry.kind !== 'object') continue;
    const found = await store.get(entry.key);
    const content = Buffer.concat((await found?.body.toArray()) as Buffer[]);
    expect([entry.key, content.includes(known)]).toEqual([entry.key, false]);
    const key = found?.metadata['howdah-key-id'];
    if (key === undefined) continue;
    keys.add(key);
    sealed += 1;
  }
  expect([...keys].sort()).toEqual(['first', 'second']);
  // Two tars, two manifests, and five segments at the least.
  expect(sealed).toBeGreaterThanOrEqual(9);
});

test('a backup of before the change of keys and the WAL of both are restored with both', async () => {
  const origin = await open(ring({ first, second, current: Buffer.from('second') }));
  await using restore = await aRestore({ major, origin, target: { backupID: backups[0] ?? '' } });
  expect(await restore.run()).toMatchObject({ backupId: backups[0], timeline: 2 });
  const settings = { archive_mode: 'off' };
  await using server = await temporaryPostgres({ major, dataDirectory: restore.data, settings });
  expect(await server.query(hash)).toEqual([expected]);
});

test.each<[string, KeyRing | undefined, number, string]>([
  ['without a key', undefined, 0, 'is encrypted with key "first": no Secret with keys is named'],
  ['without the key of the backup', ring({ second }), 0, 'is encrypted with key "first": the Secret has "second"'],
  ['without the key of the WAL', ring({ first }), 0, 'is encrypted with key "second": the Secret has "first"'],
  ['with a wrong key of that name', ring({ second: first }), 1, 'cannot be decrypted'],
])('a restore %s says so before anything is written', async (_, keys, backup, said) => {
  const target = { backupID: backups[backup] ?? '' };
  await using restore = await aRestore({ major, origin: await open(keys), target });
  await expect(restore.run()).rejects.toThrow(said);
  // A mark that a restore is under way, and nothing in it.
  expect(await readdir(`${restore.root}/data`, { recursive: true })).toEqual(['pgdata.staging']);
});
