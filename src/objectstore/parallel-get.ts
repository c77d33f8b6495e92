import { inOrder } from './ordered.ts';
import type { ObjectStore } from './port.ts';

export interface ParallelGet {
  /** Of the whole object. */
  readonly size: number;
  /** Ranges on the way, or waiting to be taken, at once. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
}

/** Bytes of one request. */
const rangeSize = 8 << 20;

async function readRange(store: ObjectStore, key: string, start: number, end: number, signal: AbortSignal) {
  const found = await store.get(key, { range: { start, end }, signal });
  if (!found) throw new Error(`"${key}" is missing`);
  const chunks: Buffer[] = [];
  for await (const chunk of found.body) chunks.push(chunk as Buffer);
  return { chunks, etag: found.etag };
}

/**
 * An object's bytes in order, fetched in ranges side by side: one connection to a distant store carries only a part of what the
 * line gives. Memory is bounded by `concurrency` ranges.
 */
export async function* parallelGet(
  store: ObjectStore,
  key: string,
  { size, concurrency, signal }: ParallelGet,
): AsyncGenerator<Buffer> {
  async function* starts(): AsyncGenerator<number> {
    await Promise.resolve();
    for (let start = 0; start < size; start += rangeSize) yield start;
  }
  const read = (start: number) => readRange(store, key, start, Math.min(start + rangeSize, size) - 1, signal);
  let version: string | undefined;
  for await (const { chunks, etag } of inOrder(starts(), read, concurrency)) {
    signal.throwIfAborted();
    version ??= etag;
    if (etag !== version) throw new Error(`"${key}" was replaced while it was read`);
    yield* chunks;
  }
}
