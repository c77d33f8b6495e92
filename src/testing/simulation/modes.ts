// What a Cluster asks for in the way of synchronous replication: one for each run, and others while it goes on.
import type { Cluster } from '../../api/generated/cluster.ts';
import type { Random } from './random.ts';

type Synchronous = NonNullable<NonNullable<Cluster['spec']['postgresql']>['synchronous']>;

export const modes = {
  async: undefined,
  any: { method: 'any', number: 1, dataDurability: 'required' },
  'any 2': { method: 'any', number: 2, dataDurability: 'required' },
  first: { method: 'first', number: 1, dataDurability: 'required' },
  preferred: { method: 'any', number: 1, dataDurability: 'preferred' },
} as const satisfies Readonly<Record<string, Synchronous | undefined>>;
export type Mode = keyof typeof modes;

/** Two instances have one standby. */
export function drawMode(random: Random, instances: number): Mode {
  const drawn = random.next();
  if (drawn < 0.35) return 'async';
  if (drawn < 0.7 || (instances < 3 && drawn < 0.85)) return 'any';
  if (drawn < 0.85) return 'any 2';
  return drawn < 0.95 ? 'first' : 'preferred';
}

/** What it may be changed to for a while, whatever it was. */
export const passingModes: readonly Mode[] = ['any', 'first', 'preferred', 'async', 'any'];
