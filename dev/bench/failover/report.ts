import { percentile } from '../figures.ts';
import type { Floor } from './floor.ts';
import type { FaultKind } from './kinds.ts';
import type { Run } from './once.ts';

/** What was seen of one kind of fault. */
export interface Series {
  readonly kind: Pick<FaultKind, 'name' | 'what' | 'mayLose' | 'limit' | 'floor' | 'peer'>;
  readonly runs: readonly Run[];
  /** What runs that did not come to their end said. */
  readonly failures: readonly string[];
}

const sum = (runs: readonly Run[], of: 'lost' | 'lostBefore' | 'acknowledged'): number =>
  runs.reduce((total, run) => total + run[of], 0);

/** The promises that a series broke, and the runs that failed; empty when all is as it must be. A missed target is no broken promise. */
export function broken({ kind, runs, failures }: Series): string[] {
  const overlaps = runs.filter(({ overlap }) => overlap !== undefined);
  const unexcused = kind.mayLose ? sum(runs, 'lostBefore') : sum(runs, 'lost');
  return [
    ...(unexcused > 0 ? [`${kind.name}: ${unexcused} acknowledged writes lost that must not be`] : []),
    ...overlaps.map(({ overlap }) => `${kind.name}: two acknowledged at one time, for ${overlap?.toFixed(0)} ms`),
    ...failures,
  ];
}

/** Whether the p99 of the gap keeps below the target; undefined without one. */
export function reached({ kind, runs }: Series): boolean | undefined {
  if (kind.limit === undefined) return undefined;
  const gaps = runs.map(({ gap }) => gap);
  return percentile(gaps, 0.99) < kind.limit;
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(2)} s`;

export const header = [
  '| fault | p50 | p99 | max | runs | lost of acknowledged | two ackers | target (p99) | floor | CloudNativePG 1.30 |',
  '|---|---|---|---|---|---|---|---|---|---|',
].join('\n');

export function row(series: Series, floor: Floor): string {
  const { kind, runs, failures } = series;
  const gaps = runs.map(({ gap }) => gap);
  const overlap = Math.max(0, ...runs.map((run) => run.overlap ?? 0));
  const target = kind.limit === undefined ? '' : `< ${kind.limit / 1000} s: ${reached(series) ? 'yes' : 'NO'}`;
  const cells = [
    kind.what,
    ...[0.5, 0.99, 1].map((fraction) => (gaps.length > 0 ? seconds(percentile(gaps, fraction)) : '')),
    `${runs.length}${failures.length > 0 ? ` (${failures.length} failed)` : ''}`,
    `${sum(runs, 'lost')} of ${sum(runs, 'acknowledged')}`,
    `${overlap.toFixed(0)} ms`,
    target,
    kind.floor ? `${seconds(floor[kind.floor])}: ${kind.floor}` : '',
    kind.peer ?? '',
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Milliseconds from the first step to each later one, the median of the role changes that have it. */
export function steps(runs: readonly Run[]): { readonly name: string; readonly median: number }[] {
  const times = new Map<string, number[]>();
  for (const { change } of runs) {
    const all = (change?.steps ?? []).map(({ name, time }) => ({ name, at: Date.parse(time) }));
    const first = Math.min(...all.map(({ at }) => at));
    for (const { name, at } of all) times.set(name, [...(times.get(name) ?? []), at - first]);
  }
  return [...times].map(([name, of]) => ({ name, median: percentile(of, 0.5) })).sort((a, b) => a.median - b.median);
}
