import { cycleThrough, describe, Graph } from './cycles.ts';
import { dependencies, type Versions } from './dependencies.ts';
import type { Anomaly, FinalLists, Transaction } from './history.ts';

const startsWith = (list: readonly number[], beginning: readonly number[]): boolean =>
  beginning.every((value, index) => list[index] === value);

/**
 * What a history of transactions over growing lists shows that no serializable database could have answered (the method of Elle:
 * Kingsbury and Alvaro, "Elle: Inferring Isolation Anomalies from Experimental Observations", 2020). Lists are chosen since a read tells
 * the order of all writes before it. The appends of transactions in doubt count where others saw them; what they read themselves says
 * nothing, since it may be their own append that never was.
 */
export function checkListAppend(transactions: readonly Transaction[], final: FinalLists): Anomaly[] {
  const versions = versionsOf(transactions, final);
  const before = [...values(transactions, final, versions), ...reads(transactions, versions)];
  return [...before, ...cycles(transactions, versions)];
}

function allReads(transactions: readonly Transaction[], final: FinalLists): (readonly [string, readonly number[]])[] {
  const seen = transactions.flatMap(({ steps, outcome }) =>
    steps.flatMap((step) => ('read' in step && outcome === 'committed' ? [[step.key, step.read] as const] : [])),
  );
  return [...seen, ...final];
}

function versionsOf(transactions: readonly Transaction[], final: FinalLists): Versions {
  const writer = new Map<number, Transaction>();
  for (const transaction of transactions) {
    for (const step of transaction.steps) {
      if (!('append' in step)) continue;
      if (writer.has(step.append)) throw new Error(`the load appends ${step.append} twice`);
      writer.set(step.append, transaction);
    }
  }
  const order = new Map<string, readonly number[]>(final);
  // Where the end of a list was lost, what was read of it before is longer.
  for (const [key, list] of allReads(transactions, final))
    if (list.length > (order.get(key)?.length ?? 0)) order.set(key, list);
  return { order, writer };
}

/** Each value there once, written by somebody, and in one order for all. */
function values(transactions: readonly Transaction[], final: FinalLists, { order, writer }: Versions): Anomaly[] {
  const found: Anomaly[] = [];
  for (const [key, list] of allReads(transactions, final)) {
    const longest = order.get(key) ?? [];
    if (!startsWith(longest, list)) {
      found.push({ name: 'incompatible-order', what: `${key} was [${list.join(' ')}] and [${longest.join(' ')}]` });
    }
    if (new Set(list).size < list.length) {
      found.push({ name: 'duplicated', what: `${key} holds a value more than once: [${list.join(' ')}]` });
    }
    for (const value of list) {
      const by = writer.get(value);
      if (!by) found.push({ name: 'unknown-value', what: `${key} holds ${value}, which nobody appended` });
      else if (by.outcome === 'aborted') {
        found.push({ name: 'G1a', what: `${key} holds ${value} of T${by.id}, which was aborted` });
      }
    }
  }
  for (const { id, outcome, steps } of transactions) {
    if (outcome !== 'committed') continue;
    for (const step of steps) {
      if (!('append' in step) || (final.get(step.key) ?? []).includes(step.append)) continue;
      found.push({ name: 'lost', what: `${step.append} of T${id}, which was committed, is not in ${step.key}` });
    }
  }
  return unique(found);
}

/** What one transaction alone shows: it sees its own appends, and of others all or nothing. */
function reads(transactions: readonly Transaction[], { writer }: Versions): Anomaly[] {
  const found: Anomaly[] = [];
  for (const { id, outcome, steps } of transactions) {
    if (outcome === 'aborted') continue;
    const own = new Map<string, number[]>();
    for (const step of steps) {
      const mine = own.get(step.key) ?? [];
      if ('append' in step) {
        own.set(step.key, [...mine, step.append]);
        continue;
      }
      const end = mine.length === 0 ? [] : step.read.slice(-mine.length);
      if (end.length !== mine.length || !startsWith(end, mine)) {
        found.push({
          name: 'internal',
          what: `T${id} read [${step.read.join(' ')}] of ${step.key} after [${mine.join(' ')}]`,
        });
      }
      const last = step.read.at(-1);
      const by = last === undefined ? undefined : writer.get(last);
      const latest = by?.steps.findLast((other) => 'append' in other && other.key === step.key);
      if (by && by.id !== id && latest && 'append' in latest && latest.append !== last) {
        found.push({ name: 'G1b', what: `T${id} read ${step.key} in the middle of T${by.id}` });
      }
    }
  }
  return found;
}

/** One cycle of each kind, the least excusable first; a cycle of one kind is none of the next. */
function cycles(transactions: readonly Transaction[], versions: Versions): Anomaly[] {
  const graph = new Graph(dependencies(transactions, versions)).core();
  const of = (kind: 'ww' | 'wr' | 'rw') => graph.of(kind).edges;
  const writes = graph.of('ww');
  const reading = graph.of('ww', 'wr');
  const kinds = [
    ['G0', cycleThrough(of('ww'), writes)],
    ['G1c', cycleThrough(of('wr'), reading)],
    ['G-single', cycleThrough(of('rw'), reading)],
  ] as const;
  const found = kinds.flatMap(([name, cycle]) => (cycle ? [{ name, what: describe(cycle) }] : []));
  if (found.length > 0) return found;
  const several = cycleThrough(of('rw'), graph);
  return several ? [{ name: 'G2', what: describe(several) }] : [];
}

const unique = (anomalies: readonly Anomaly[]): Anomaly[] => [
  ...new Map(anomalies.map((anomaly) => [`${anomaly.name} ${anomaly.what}`, anomaly])).values(),
];

const inexcusable: ReadonlySet<Anomaly['name']> = new Set(['duplicated', 'unknown-value', 'internal', 'G1a', 'G1b']);
/** Whether not even the loss of commits can excuse it. */
export const isInexcusable = ({ name }: Anomaly): boolean => inexcusable.has(name);
