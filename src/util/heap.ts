import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface Heap {
  /** Bytes in use, dead ones among them. */
  used(): number;
  /** Drops what is dead, in some ten milliseconds. */
  collect(): void;
}

export function engineHeap(): Heap {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as (options: { type: 'major'; execution: 'sync' }) => void;
  return {
    used: () => process.memoryUsage().heapUsed,
    collect: () => gc({ type: 'major', execution: 'sync' }),
  };
}

export interface Bounds {
  /** Bytes of growth since the last collection. */
  readonly growth: number;
  /** Milliseconds between two looks. */
  readonly every?: number;
}

/**
 * Collects when the heap has grown a little, until `signal` aborts. The engine by itself would wait until it is some hundred MiB: it looks at the memory of
 * the machine. TLS contexts, buffers and sockets that dead objects hold go with them.
 */
export async function keepHeapSmall(heap: Heap, signal: AbortSignal, { growth, every = 5_000 }: Bounds): Promise<void> {
  let after = heap.used();
  for (;;) {
    await delay(every, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
    if (heap.used() < after + growth) continue;
    heap.collect();
    after = heap.used();
  }
}
