import type { VolumeStatus } from '../instance-status.ts';

export interface VolumeWarning {
  readonly instance: string;
  readonly volume: VolumeStatus;
}

/** Steps in which the time that is left is told: a message that changed with every look would be written with every look. */
const steps = [
  [600, '10 minutes'],
  [1_800, '30 minutes'],
  [3_600, 'an hour'],
  [7_200, '2 hours'],
] as const;

const curedBy = (volume: string): string =>
  volume === 'PG_DATA'
    ? 'spec.storage.size'
    : volume === 'PG_WAL'
      ? 'spec.walStorage.size'
      : `spec.tablespaces["${volume}"].storage.size`;

function sentence({ instance, volume: { volume, size, free, secondsUntilFull, rule } }: VolumeWarning): string {
  const within = steps.find(([seconds]) => (secondsUntilFull ?? Infinity) < seconds)?.[1];
  const percent = Math.floor((100 * free) / Math.max(size, 1) / 5) * 5 + 5;
  const what =
    rule === 'nearly-full' || within === undefined
      ? `less than ${percent} % of it is free`
      : `at the rate of the last minutes it is full in less than ${within}`;
  return `${volume} of ${instance}: ${what}; enlarge ${curedBy(volume)}`;
}

export const describeVolumes = (warnings: readonly VolumeWarning[]): string => warnings.map(sentence).join('. ');
