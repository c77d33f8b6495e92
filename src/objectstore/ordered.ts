/**
 * Results of `work` in the order of the items, at most `ahead` of them under way or waiting to be taken. A failure, or a reader
 * that stops, ends the source; it resolves only when nothing is under way any more.
 */
export async function* inOrder<T, R>(
  source: AsyncIterable<T>,
  work: (item: T) => Promise<R>,
  ahead: number,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  try {
    for await (const item of source) {
      const one = work(item);
      // It is awaited later; until then its failure is nobody's.
      one.catch(() => undefined);
      running.push(one);
      if (running.length >= ahead) yield (await running.shift()) as R;
    }
    while (running.length > 0) yield (await running.shift()) as R;
  } finally {
    await Promise.allSettled(running);
  }
}
