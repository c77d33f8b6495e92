import { expect, test } from '@jest/globals';
import { engineHeap, keepHeapSmall } from './heap.ts';

test('a heap is collected when it has grown, and only then', async () => {
  const life = new AbortController();
  const mebibytes = [20, 23, 24, 21, 22, 24, 25, 21];
  const collectedAt: number[] = [];
  let look = -1;
  const heap = {
    used(): number {
      look += 1;
      if (look === mebibytes.length - 1) life.abort();
      return (mebibytes[look] ?? 0) << 20;
    },
    collect: () => void collectedAt.push(look),
  };
  await keepHeapSmall(heap, life.signal, { growth: 4 << 20, every: 1 });
  // From 20 to 24, and from the 21 that were left to 25.
  expect(collectedAt).toEqual([2, 6]);
});

test('the engine drops what is dead', () => {
  const heap = engineHeap();
  let garbage: unknown[] | undefined = Array.from({ length: 200_000 }, (_, index) => ({ index }));
  const before = heap.used();
  expect(garbage.length).toBe(200_000);
  garbage = undefined;
  heap.collect();
  expect(heap.used()).toBeLessThan(before - (4 << 20));
});
