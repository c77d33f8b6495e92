import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ownerMarkerKey, walKey } from '../../objectstore/layout.ts';
import type { ObjectStore } from '../../objectstore/port.ts';
import { type TestArchive, anOwner, testArchive } from '../recovery/testing.ts';
import type { Archive } from './archive-source.ts';
import { emptyCheckFile } from './ownership.ts';

const signal = (): AbortSignal => AbortSignal.timeout(30_000);
let store: TestArchive;
let data: string;
beforeAll(async () => {
  store = await testArchive();
  data = await mkdtemp(path.join(os.tmpdir(), 'hwo-'));
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await rm(data, { recursive: true, force: true });
});

/** An archive of the database with this system identifier, that is asked for its marker when `asked` resolves. */
async function anArchive(server: string, systemIdentifier: string, asked: Promise<void>): Promise<Archive> {
  const archive = await store.open(server);
  const marker = JSON.stringify({ systemIdentifier, claim: '' });
  await archive.store.put(ownerMarkerKey(archive.config.location), Buffer.from(marker));
  const late: ObjectStore = {
    ...archive.store,
    async get(key, options) {
      await asked;
      options?.signal?.throwIfAborted();
      return archive.store.get(key, options);
    },
  };
  return { ...archive, store: late };
}

test('that one archive is ours says nothing of another that is asked for meanwhile', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const ours = await anArchive('ours', '7', promise);
  const theirs = await anArchive('theirs', '8', Promise.resolve());
  const owner = anOwner(data);
  const [first, second] = [owner.own(ours, signal()), owner.own(theirs, signal())];
  second.catch(() => undefined);
  resolve();
  await first;
  await expect(second).rejects.toThrow('system identifier 8');
  expect(owner.owned(theirs)).toBe(false);
});

test('a look that was taken back by who asked for it is begun anew for who waits for it, too', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const archive = await anArchive('back', '7', promise);
  const owner = anOwner(data);
  const shutdown = new AbortController();
  const [first, second] = [owner.own(archive, shutdown.signal), owner.own(archive, signal())];
  shutdown.abort(new Error('a shutdown'));
  resolve();
  await expect(first).rejects.toThrow('a shutdown');
  await second;
  expect(owner.owned(archive)).toBe(true);
});

test.each(['', 'null', '{"systemIdentifier":7,"claim":""}', '<html>'])(
  'a marker that says %j is told by its key, and nothing is written over it',
  async (text) => {
    const archive = await store.open(`damaged-${text.length}`);
    const key = ownerMarkerKey(archive.config.location);
    await archive.store.put(key, Buffer.from(text));
    const owning = anOwner(data).own(archive, signal());
    await expect(owning).rejects.toThrow(`"${key}" does not say whose archive this is`);
    const left = await archive.store.get(key);
    expect((await left?.body.toArray())?.join('')).toBe(text);
  },
);

test('a new database whose note of that cannot be read takes no archive with WAL of another', async () => {
  const archive = await store.open('foreign');
  await archive.store.put(walKey(archive.config.location, '000000010000000000000001', 'none'), Buffer.from('theirs'));
  const place = await mkdtemp(path.join(data, 'new-'));
  await mkdir(path.join(place, emptyCheckFile));
  await expect(anOwner(place).own(archive, signal())).rejects.toThrow('EISDIR');
  expect(await archive.store.get(ownerMarkerKey(archive.config.location))).toBeUndefined();
});
