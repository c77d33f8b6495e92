import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openObjectStore, runObjectStore } from './run.ts';
import { bytes, failure, sdkClient } from './testing-client.ts';
import { startObjectStore } from './testing.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'howdah-s3-'));
});
afterEach(async () => rm(dataDir, { recursive: true, force: true }));

const open = (directory = dataDir, port = 0) => openObjectStore({ dataDir: directory, address: '127.0.0.1', port });

test('a port in use, named in the message, and the directory is free again', async () => {
  await using first = await open();
  const port = Number(new URL(first.endpoint).port);
  const other = path.join(dataDir, 'other');
  await expect(open(other, port)).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: the port is in use`);
  await using second = await open(other);
  expect(second.endpoint).not.toBe(first.endpoint);
});

test('a directory in use', async () => {
  await using _first = await open();
  await expect(open()).rejects.toThrow(`data directory ${dataDir}: another process is using it`);
});

test('a directory that cannot be made', async () => {
  await writeFile(path.join(dataDir, 'file'), '');
  await expect(open(path.join(dataDir, 'file', 's3'))).rejects.toThrow(/cannot open the data directory .*: ENOTDIR/);
});

test('an index that is no database, or gone, loses nothing', async () => {
  {
    await using store = await startObjectStore({ dataDir, buckets: ['data'] });
    const client = sdkClient(store);
    await client.send(new PutObjectCommand({ Bucket: 'data', Key: 'k', Body: 'x' }));
    client.destroy();
  }
  const index = await readFile(path.join(dataDir, 'index.db'));
  for (const file of await readdir(dataDir)) if (file.startsWith('index.db')) await unlink(path.join(dataDir, file));
  await expect(open()).rejects.toThrow('holds data, but index.db that names it is gone');
  await writeFile(path.join(dataDir, 'index.db'), 'no database at all, but long enough to look at'.repeat(100));
  await expect(open()).rejects.toThrow(/cannot open the data directory .* not a database/);
  await writeFile(path.join(dataDir, 'index.db'), index);
  await using again = await open();
  expect(again.endpoint).toContain('http://127.0.0.1:');
});

test('credentials are made once, for the owner only', async () => {
  const file = path.join(dataDir, 'credentials.json');
  const first = await (async () => {
    await using store = await open();
    return store.credentials;
  })();
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(first);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await using second = await open();
  expect(second.credentials).toEqual(first);
});

test('it ends with its signal, and requests under way are answered', async () => {
  const stop = new AbortController();
  const lines: string[] = [];
  const running = runObjectStore({
    dataDir,
    address: '127.0.0.1',
    port: 0,
    signal: stop.signal,
    log: (line) => lines.push(line),
  });
  while (lines.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const endpoint = lines[0]?.split(' ').at(-1) ?? '';
  expect((await fetch(endpoint)).status).toBe(403);
  stop.abort();
  await running;
  await expect(fetch(endpoint)).rejects.toThrow('fetch failed');
});

const run = promisify(execFile);

test('on a full disk a put fails as such, leaves nothing, and works again when there is room', async () => {
  const disk = path.join(dataDir, 'disk');
  await mkdir(disk);
  // Only root can make a disk of its own; elsewhere there is nothing to test with.
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]).then(
    () => true,
    () => false,
  );
  if (!mounted) return;
  try {
    await using store = await startObjectStore({ dataDir: path.join(disk, 's3'), buckets: ['data'] });
    const client = sdkClient(store);
    const put = (Key: string, size: number) =>
      client.send(new PutObjectCommand({ Bucket: 'data', Key, Body: bytes(size) }));
    expect(await failure(put('large', 8_000_000))).toMatchObject({ code: 'InsufficientStorage', status: 507 });
    const files = await readdir(path.join(disk, 's3', 'blobs'), { recursive: true, withFileTypes: true });
    expect(files.filter((entry) => entry.isFile())).toHaveLength(0);
    await put('small', 100_000);
    client.destroy();
  } finally {
    await run('umount', [disk]);
  }
});
