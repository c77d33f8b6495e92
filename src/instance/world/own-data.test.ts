import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { instancePaths } from '../../paths.ts';
import { isOwnData, watchForData } from './own-data.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'hwd-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const place = (startsBeside: boolean) => ({
  startsBeside,
  paths: { ...instancePaths(''), data: path.join(directory, 'pgdata'), state: path.join(directory, 'state') },
});

async function note(clusterUid: string): Promise<void> {
  await mkdir(place(true).paths.state, { recursive: true });
  await writeFile(path.join(place(true).paths.state, 'initialized.json'), JSON.stringify({ clusterUid }));
}

test('beside its Job, an instance owns nothing that this cluster did not publish', async () => {
  await mkdir(place(true).paths.data);
  expect(await isOwnData(place(true), 'u')).toBe(false);
  await note('of-an-earlier-cluster');
  expect(await isOwnData(place(true), 'u')).toBe(false);
  await note('u');
  expect(await isOwnData(place(true), undefined)).toBe(false);
  expect(await isOwnData(place(true), 'u')).toBe(true);
});

test('an instance whose volume was filled before owns what is there', async () => {
  expect(await isOwnData(place(false), undefined)).toBe(true);
});

test('it is told when the directory gets its name', async () => {
  const { data } = place(true).paths;
  await mkdir(`${data}.init`);
  const stop = new AbortController();
  const told = Promise.withResolvers<undefined>();
  const watching = watchForData(place(true), () => told.resolve(undefined), stop.signal);
  // The watch begins at its first turn: renamed to and fro until it is seen.
  let seen = false;
  void told.promise.then(() => (seen = true));
  for (let named = false; !seen; named = !named) {
    await rename(named ? data : `${data}.init`, named ? `${data}.init` : data);
    await new Promise((resolve) => setImmediate(resolve));
  }
  stop.abort();
  await watching;
});

test('a directory that cannot be watched is no error', async () => {
  const { paths, startsBeside } = place(true);
  const missing = { startsBeside, paths: { ...paths, data: path.join(directory, 'none/pgdata') } };
  await expect(watchForData(missing, () => undefined, AbortSignal.timeout(10_000))).resolves.toBeUndefined();
});
