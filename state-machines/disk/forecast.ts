/** Free space of a volume at a moment; bytes, and milliseconds of any clock that only goes forward. */
export interface DiskSample {
  readonly at: number;
  readonly size: number;
  readonly free: number;
}

export type DiskRule = 'nearly-full' | 'fills-soon' | 'still-filling' | 'unknown' | 'enough';

export interface DiskForecast {
  readonly size: number;
  readonly free: number;
  /** Bytes per second that free space shrinks by; negative while it grows, undefined while too little was seen. */
  readonly rate: number | undefined;
  /** Until nothing is free if it goes on like this; undefined when it does not shrink. */
  readonly secondsUntilFull: number | undefined;
  readonly rule: DiskRule;
  readonly low: boolean;
}

/** What is forgotten, and what one burst may not fill: both views must agree that the volume is filling. */
export const window = { longMs: 600_000, shortMs: 60_000 } as const;

/** Less than that share of the volume free is too little at any rate. */
const nearlyFull = 0.05;
const warnSeconds = 3_600;
/** A warning is taken back only when twice that is left, so that it does not come and go. */
const calmSeconds = 2 * warnSeconds;

/** Drops what is too old to count; all, when the volume has got another size. */
export const remember = (samples: readonly DiskSample[], next: DiskSample): DiskSample[] => [
  ...samples.filter(({ at, size }) => size === next.size && next.at - at <= window.longMs),
  next,
];

/** Bytes per second since the youngest sample that is at least `ms` old, or else since the first one. */
function rateOver(samples: readonly DiskSample[], ms: number): number | undefined {
  const last = samples.at(-1);
  const first = samples.findLast(({ at }) => (last?.at ?? 0) - at >= ms) ?? samples[0];
  if (!last || !first || last.at - first.at < window.shortMs) return undefined;
  return ((first.free - last.free) * 1000) / (last.at - first.at);
}

const secondsLeft = (free: number, rate: number | undefined): number =>
  rate === undefined || rate <= 0 ? Infinity : free / rate;

/**
 * How long a volume lasts at the rate at which it was filled lately, and whether that is a warning. `samples` in order of time, at least one;
 * `low`: what was said last. Ordered rules, the first that fits.
 */
export function forecast(samples: readonly DiskSample[], low: boolean): DiskForecast {
  const { size, free } = samples.at(-1) ?? { size: 0, free: 0 };
  const rates = [rateOver(samples, window.longMs), rateOver(samples, window.shortMs)] as const;
  const left = Math.max(...rates.map((rate) => secondsLeft(free, rate)));
  const [rule, isLow]: [DiskRule, boolean] =
    free < size * nearlyFull
      ? ['nearly-full', true]
      : rates[0] === undefined
        ? ['unknown', low]
        : left < warnSeconds
          ? ['fills-soon', true]
          : low && left < calmSeconds
            ? ['still-filling', true]
            : ['enough', false];
  return {
    ...{ size, free, rate: rates[0], rule, low: isLow },
    secondsUntilFull: Number.isFinite(left) ? Math.round(left) : undefined,
  };
}
