import type { Edge } from './cycles.ts';
import type { Transaction } from './history.ts';

export interface Versions {
  /** The longest list known of each key: the order in which its values came. */
  readonly order: ReadonlyMap<string, readonly number[]>;
  readonly writer: ReadonlyMap<number, Transaction>;
}

/** What of a transaction comes before what of another, by the order of values that was seen. */
export function dependencies(transactions: readonly Transaction[], { order, writer }: Versions): Edge[] {
  const edges: Edge[] = [];
  const add = (from: number | undefined, to: number | undefined, kind: Edge['kind']): void => {
    if (from !== undefined && to !== undefined && from !== to) edges.push({ from, to, kind });
  };
  for (const values of order.values()) {
    values.forEach((value, index) => {
      const next = values[index + 1];
      if (next !== undefined) add(writer.get(value)?.id, writer.get(next)?.id, 'ww');
    });
  }
  for (const transaction of transactions) {
    if (transaction.outcome === 'aborted') continue;
    for (const step of transaction.steps) {
      if (!('read' in step)) continue;
      const seen = step.read.at(-1);
      if (seen !== undefined) add(writer.get(seen)?.id, transaction.id, 'wr');
      const next = order.get(step.key)?.[step.read.length];
      if (next !== undefined) add(transaction.id, writer.get(next)?.id, 'rw');
    }
  }
  return edges;
}
