import { open, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** How many files are synced at once: the default size of libuv's thread pool. */
const concurrency = 4;

export async function sync(place: string): Promise<void> {
  const handle = await open(place, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes files and directories durable; the order does not matter as long as all are done before they are relied upon. */
export async function syncAll(places: Iterable<string>, signal: AbortSignal): Promise<void> {
  const queue = [...places];
  const worker = async (): Promise<void> => {
    for (let place = queue.pop(); place !== undefined; place = queue.pop()) {
      signal.throwIfAborted();
      await sync(place);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  await sync(path.dirname(to));
}

/** A file appears whole or not at all. */
export async function writeDurably(place: string, content: string | Buffer): Promise<void> {
  const staging = `${place}.tmp`;
  await writeFile(staging, content, { mode: 0o600, flush: true });
  await renameDurably(staging, place);
}
