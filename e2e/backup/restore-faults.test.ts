// A restore from a store that fails in the ways in which stores and the way to them do fail. Each ends with the same rows: either in
// spite of the fault, or after a clear end, nothing accepted that is not whole, and another try when the fault is gone.
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { aRestore, backUp, type Restored } from '../../src/instance/recovery/testing-restore.ts';
import { archivingPostgres, testArchive } from '../../src/instance/recovery/testing.ts';
import type { Archive } from '../../src/instance/wal/archive-source.ts';
import { patientAttempts } from '../../src/objectstore/retry.ts';
import { temporaryPostgres } from '../../src/testing/postgres.ts';
import { type StoreBehaviour, type StoreProxy, storeProxy } from '../support/faults/store-proxy.ts';

const major = 18;
const hash = "SELECT count(*)::int AS n, md5(string_agg(t::text, ',' ORDER BY i)) AS h FROM t";
const releases = new AsyncDisposableStack();
let proxy: StoreProxy;
/** By way of the proxy. */
let origin: Archive;
let expected: unknown;

beforeAll(async () => {
  const archive = releases.use(await testArchive());
  const config = { data: { compression: 'gzip', attributes: {}, jobs: 2, immediateCheckpoint: true } } as const;
  const direct = await archive.open('one', config);
  await using pg = await archivingPostgres(() => Promise.resolve(direct), { major });
  await pg.server.query(
    "CREATE TABLE t AS SELECT i, (SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 10) WHERE i > 0) AS v FROM generate_series(1, 20000) i",
  );
  await backUp(pg, direct);
  for (let round = 0; round < 3; round += 1) {
    await pg.server.query(`UPDATE t SET v = md5(v) WHERE i % 10 = ${round}`);
    await pg.switchAndWait();
  }
  [expected] = await pg.server.query(hash);
  proxy = releases.use(await storeProxy(archive.store.endpoint));
  const { bucket, credentials } = direct.config.s3;
  origin = await archive.open('one', {
    ...config,
    s3: { bucket, endpoint: proxy.endpoint, attempts: patientAttempts, ...(credentials && { credentials }) },
  });
});
afterAll(() => releases.disposeAsync());

async function isWhole({ data }: Restored): Promise<void> {
  const settings = { archive_mode: 'off' };
  await using server = await temporaryPostgres({ major, dataDirectory: data, settings });
  expect(await server.query(hash)).toEqual([expected]);
}

const gets = (part: string) => ({
  to: ({ method, url }: { method: string; url: string }) =>
    method === 'GET' && !url.includes('list-type') && url.includes(part),
});

test.each<[string, StoreBehaviour]>([
  [
    'a storm of 503 that asks for a second each',
    { does: 'answers', status: 503, code: 'SlowDown', retryAfter: 1, times: 8 },
  ],
  ['500 now and then', { does: 'answers', status: 500, code: 'InternalError', times: 4, ...gets('') }],
  ['a slow store', { does: 'dawdles', bytesPerSecond: 4 << 20 }],
  [
    'connections that are reset in the middle of an object',
    { does: 'resets-answer', after: 500, times: 30, ...gets('') },
  ],
  ['a bit of a segment that is another, once', { does: 'flips', times: 1, ...gets('/wals/') }],
  ['a segment that comes short, once', { does: 'shortens', times: 1, ...gets('/wals/') }],
])('%s: the restore comes through', async (_, how) => {
  await using restore = await aRestore({ major, origin, target: {}, patience: 60_000 });
  proxy.behave(how);
  try {
    expect(await restore.run()).toMatchObject({ timeline: 2 });
    expect(proxy.happened).toBeGreaterThan(0);
  } finally {
    proxy.behave('passes');
  }
  await isWhole(restore);
});

const denied = (status: number, code: string): StoreBehaviour => ({ does: 'answers', status, code });

test.each<[string, StoreBehaviour, RegExp]>([
  ['a bit of the data is another', { does: 'flips', ...gets('data.tar.gz') }, /data\.tar\.gz" cannot be restored/],
  ['the data was cut', { does: 'shortens', ...gets('data.tar.gz') }, /data\.tar\.gz" cannot be restored/],
  ['a bit of the manifest is another', { does: 'flips', ...gets('backup_manifest') }, /the manifest is damaged/],
  ['the manifest was cut', { does: 'shortens', ...gets('backup_manifest') }, /the manifest is damaged/],
  [
    'a bit of backup.info is another',
    { does: 'flips', ...gets('backup.info') },
    /backup\.info.*does not match its digest/,
  ],
  ['backup.info was cut', { does: 'shortens', ...gets('backup.info') }, /backup\.info.*does not match its digest/],
  ['access is denied', denied(403, 'AccessDenied'), /AccessDenied/],
  ['the bucket is gone', denied(404, 'NoSuchBucket'), /NoSuchBucket/],
  ['nobody listens', 'refuses', /ECONNRESET|ECONNREFUSED|hang up/],
])(
  '%s: the restore fails, says why, leaves nothing that counts as restored, and works afterwards',
  async (_, how, said) => {
    await using restore = await aRestore({ major, origin, target: {} });
    proxy.behave(how);
    try {
      await expect(restore.run()).rejects.toThrow(said);
      expect(await readdir(`${restore.root}/data`)).not.toContain('pgdata');
    } finally {
      proxy.behave('passes');
    }
    expect(await restore.run()).toMatchObject({ timeline: 2 });
    await isWhole(restore);
  },
);

test.each<[string, StoreBehaviour, RegExp]>([
  ['a bit of a segment is another', { does: 'flips', ...gets('/wals/') }, /does not match its digest/],
  ['segments were cut', { does: 'shortens', ...gets('/wals/') }, /does not match its digest/],
  [
    'access is denied to WAL alone',
    { ...(denied(403, 'AccessDenied') as object), ...gets('/wals/') } as StoreBehaviour,
    /AccessDenied/,
  ],
])(
  '%s: recovery ends and says why, does not take it for the end of the archive, and goes on afterwards',
  async (_, how, said) => {
    await using restore = await aRestore({ major, origin, target: {} });
    proxy.behave(how);
    try {
      await expect(restore.run()).rejects.toThrow(said);
      expect(await readdir(restore.data)).toContain('recovery.signal');
    } finally {
      proxy.behave('passes');
    }
    expect(await restore.run()).toMatchObject({ timeline: 2 });
    await isWhole(restore);
  },
);
