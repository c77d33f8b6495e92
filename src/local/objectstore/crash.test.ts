import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { ObjectStore } from '../../objectstore/port.ts';
import { openS3Store } from '../../objectstore/s3.ts';
import { freePort } from '../../testing/free-port.ts';
import { bytes } from './testing-client.ts';

async function startServer(dataDir: string, port: number): Promise<ChildProcess> {
  const file = path.join(import.meta.dirname, 'testing-server.ts');
  const child = spawn(process.execPath, [file, dataDir, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [Buffer | number];
  expect(String(line)).toContain('object store ready');
  return child;
}

async function stopServer(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exited = once(child, 'exit');
  child.kill(signal);
  const [code] = (await exited) as [number | null];
  return code;
}

/** What a writer has been promised of a key, and what it was told nothing about. */
interface Promised {
  acknowledged: number;
  attempted: number;
}

const sizes = [1, 70_000, 3_000_000];
const version = (key: number, number: number): Buffer => {
  const body = bytes(sizes[key % sizes.length] ?? 1, key * 1000 + number);
  return Buffer.concat([Buffer.from(`${key} ${number}\n`), body]);
};

async function write(store: ObjectStore, key: number, promised: Promised, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    promised.attempted++;
    try {
      await store.put(`key ${key}`, version(key, promised.attempted), { signal });
    } catch {
      return;
    }
    promised.acknowledged = promised.attempted;
  }
}

async function check(store: ObjectStore, key: number, { acknowledged, attempted }: Promised): Promise<void> {
  const found = await store.get(`key ${key}`);
  if (!found) return expect(acknowledged).toBe(0);
  const content = Buffer.concat((await found.body.toArray()) as Buffer[]);
  const number = Number(/^\d+ (\d+)\n/.exec(content.toString('latin1', 0, 40))?.[1]);
  expect(number).toBeGreaterThanOrEqual(acknowledged);
  expect(number).toBeLessThanOrEqual(attempted);
  expect(content.equals(version(key, number))).toBe(true);
}

test('killed while it writes, a store keeps every acknowledged object whole and leaves no litter', async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'howdah-s3-'));
  const port = await freePort();
  const promised = Array.from({ length: 6 }, (): Promised => ({ acknowledged: 0, attempted: 0 }));
  using store = openS3Store({
    bucket: 'data',
    endpoint: `http://127.0.0.1:${port}`,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test-secret' },
    attempts: 1,
  });
  let child = await startServer(dataDir, port);
  try {
    // As long as it takes until every writer has been answered once, on a machine however busy.
    for (let round = 0; round < 4 || promised.some(({ acknowledged }) => acknowledged === 0); round++) {
      const stop = new AbortController();
      const writers = promised.map((state, key) => write(store, key, state, stop.signal));
      await sleep(150 + 97 * round);
      await stopServer(child, 'SIGKILL');
      stop.abort();
      await Promise.all(writers);
      child = await startServer(dataDir, port);
      for (const [key, state] of promised.entries()) await check(store, key, state);
    }
    const files = await readdir(path.join(dataDir, 'blobs'), { recursive: true, withFileTypes: true });
    expect(files.filter((entry) => entry.isFile())).toHaveLength(promised.length);
    expect(await stopServer(child, 'SIGTERM')).toBe(0);
  } finally {
    if (child.exitCode === null && child.signalCode === null) await stopServer(child, 'SIGKILL');
    await rm(dataDir, { recursive: true, force: true });
  }
});
