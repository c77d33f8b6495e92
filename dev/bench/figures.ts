/** One measured thing: its samples, and what the best possible would have been in the same run. */
export interface Figure {
  readonly what: string;
  readonly unit: 's' | 'MiB/s' | 'MiB' | 'ms' | '/s';
  readonly samples: readonly number[];
  readonly target?: { readonly limit: number; readonly better: 'less' | 'more' };
  readonly floor?: { readonly what: string; readonly value: number };
}

export function percentile(samples: readonly number[], fraction: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.min(sorted.length - 1, Math.ceil(fraction * sorted.length) - 1))] ?? Number.NaN;
}

const round = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);

/** Whether the worst sample reaches the target; undefined without one. */
export function reached({ samples, target }: Figure): boolean | undefined {
  if (!target) return undefined;
  return target.better === 'less' ? Math.max(...samples) < target.limit : Math.min(...samples) >= target.limit;
}

export function row(figure: Figure): string {
  const { what, unit, samples, target, floor } = figure;
  // Where more is better, the tail is at the low end.
  const tail = (fraction: number): number => percentile(samples, target?.better === 'more' ? 1 - fraction : fraction);
  const [p50, p99, max] = [percentile(samples, 0.5), tail(0.99), tail(1)];
  const goal = target
    ? `${target.better === 'less' ? '<' : '≥'} ${target.limit} ${unit}: ${reached(figure) ? 'yes' : 'NO'}`
    : '';
  const ratio = floor ? `${round(p50 / floor.value)} × ${floor.what} (${round(floor.value)} ${unit})` : '';
  return `| ${what} | ${round(p50)} | ${round(p99)} | ${round(max)} | ${unit} | ${samples.length} | ${goal} | ${ratio} |`;
}

export const header = '| what | p50 | p99 | worst | unit | runs | target | ratio |\n|---|---|---|---|---|---|---|---|';
