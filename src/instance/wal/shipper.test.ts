import { getEventListeners } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { walKey } from '../../objectstore/layout.ts';
import { testArchive } from '../recovery/testing.ts';
import { Shipper } from './shipper.ts';

const program = path.join(import.meta.dirname, '../../bin/howdah.ts');
const command = {
  file: process.execPath,
  args: ['--disable-warning=ExperimentalWarning', program, 'instance', 'wal-worker'],
};
const signal = (): AbortSignal => AbortSignal.timeout(60_000);
const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

const name = (index: number): string => `00000001000000000000000${index}`;
const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function until(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 30_000; !condition(); await new Promise((resolve) => setTimeout(resolve, 20)))
    if (Date.now() > deadline) throw new Error('it did not come to that');
}

test('what was shipped leaves nothing behind on the signal of who wishes for it, and that signal takes back what is under way', async () => {
  // Stores nothing, and answers the first two.
  const answer = "process.on('message', ({ id }) => id < 3 && process.send({ id, outcome: 'created' }))";
  using shipper = new Shipper({ file: process.execPath, args: ['-e', answer] });
  const life = new AbortController();
  const request = { config: {} as never, name: name(1), path: '/nowhere', systemIdentifier: '7' };
  for (let time = 0; time < 2; time += 1) expect(await shipper.ship(request, life.signal)).toBe('created');
  expect(getEventListeners(life.signal, 'abort')).toEqual([]);
  const third = shipper.ship(request, life.signal);
  life.abort(new Error('the end of the manager'));
  await expect(third).rejects.toThrow('the end of the manager');
});

test('files go through a process of their own, which ends when it has nothing to do, and comes again', async () => {
  await using store = await testArchive();
  const { config, store: bucket } = await store.open('one', {
    wal: { compression: 'zstd', attributes: {}, maxParallel: 2 },
  });
  const directory = await mkdtemp(path.join(os.tmpdir(), 'hws-'));
  directories.push(directory);
  using shipper = new Shipper(command, { keptFor: 100 });
  const ship = async (index: number, content: string): Promise<'created' | 'same'> => {
    const file = path.join(directory, name(index));
    await writeFile(file, content);
    return shipper.ship({ config, name: name(index), path: file, systemIdentifier: '7' }, signal());
  };
  expect(await Promise.all([ship(1, 'a'), ship(2, 'b')])).toEqual(['created', 'created']);
  const first = shipper.pid ?? 0;
  expect(await ship(1, 'a')).toBe('same');
  await until(() => shipper.pid === undefined && !alive(first));
  await expect(ship(1, 'c')).rejects.toThrow(
    expect.objectContaining({ name: 'WalConflictError', message: expect.stringContaining('different content') }),
  );
  expect((await bucket.head(walKey(config.location, name(2), 'zstd')))?.metadata['system-identifier']).toBe('7');
  const second = shipper.pid ?? 0;
  process.kill(second, 'SIGKILL');
  await until(() => !alive(second) && shipper.pid === undefined);
  expect(await ship(3, 'd')).toBe('created');
});

test('the end of a process that had nothing to do is no failure of what its successor ships', async () => {
  await using store = await testArchive();
  const { config } = await store.open('one');
  const directory = await mkdtemp(path.join(os.tmpdir(), 'hws-'));
  directories.push(directory);
  using shipper = new Shipper(command, { keptFor: 0 });
  for (const index of [1, 2, 3]) {
    const file = path.join(directory, name(index));
    await writeFile(file, 'x');
    expect(await shipper.ship({ config, name: name(index), path: file, systemIdentifier: '7' }, signal())).toBe(
      'created',
    );
    // It is told to go, and is still there when the next one is started.
    await until(() => shipper.pid === undefined);
  }
});

test('what the store says comes out as what it was', async () => {
  await using store = await testArchive();
  const { config } = await store.open('one');
  const directory = await mkdtemp(path.join(os.tmpdir(), 'hws-'));
  directories.push(directory);
  await writeFile(path.join(directory, name(1)), 'a');
  using shipper = new Shipper(command);
  const wrong = { ...config, s3: { ...config.s3, bucket: 'nowhere' } };
  const request = { name: name(1), path: path.join(directory, name(1)), systemIdentifier: '7' };
  await expect(shipper.ship({ ...request, config: wrong }, signal())).rejects.toThrow(
    expect.objectContaining({ kind: 'no-such-bucket' }),
  );
  using nothing = new Shipper({ file: '/nonexistent/node', args: [] });
  await expect(nothing.ship({ ...request, config }, signal())).rejects.toThrow();
});
