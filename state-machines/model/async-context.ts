// What the parts of the asynchronous model share: its mutants, and small questions about a world.
import type { FenceFacts } from '../fence/machine.ts';
import { type AsyncBounds, type AsyncWorld, type Instance, nobody, version } from './async-world.ts';

/** By their numbers in docs/ha-protocol.md §8. M34b is the second half of M34. */
export type AsyncMutant =
  'M1' | 'M2' | 'M3' | 'M4' | 'M5' | 'M6' | 'M27' | 'M28' | 'M29' | 'M31' | 'M33' | 'M34' | 'M34b' | 'M37';

export type Step = readonly [string, AsyncWorld];
export interface Context {
  readonly bounds: AsyncBounds;
  readonly mutant: AsyncMutant | undefined;
}

export const name = (index: number): string => 'abcdefgh'[index] ?? '?';
export const at = (world: AsyncWorld, index: number): Instance => {
  const instance = world.instances[index];
  if (!instance) throw new Error(`no instance ${index}`);
  return instance;
};
export const absent = (instance: Instance): boolean => instance.seen === version.absent;

/** The lease as last read; not its own once it has promised a higher epoch. */
export function sees(index: number, instance: Instance): FenceFacts['lease'] {
  if (instance.seen < 0) return 'unknown';
  if (absent(instance)) return 'absent';
  if (instance.seenHolder === nobody) return 'released';
  return instance.seenHolder === index && instance.promised <= instance.seenEpoch ? 'mine' : 'other';
}

/** Reading the lease starts the count anew when it changed, was deleted or made again (rule 5). */
export function read(world: AsyncWorld, index: number): Partial<Instance> {
  const { lease } = world;
  if (at(world, index).seen === lease.version) return {};
  return {
    ...{ seen: lease.version, seenHolder: lease.holder, seenEpoch: lease.epoch },
    ...{ unchanged: 0, overtaken: true },
  };
}

/** The API server does what a claim asks. Before the one who closed its log counts as lost, only who has all of it may have the role. */
export function claimed(world: AsyncWorld, index: number, epoch: number, { duration }: AsyncBounds): AsyncWorld {
  const { departed, lease } = world;
  const lacks =
    lease.holder === nobody &&
    departed !== undefined &&
    departed.age < duration &&
    !at(world, index).log.startsWith(departed.log);
  return {
    ...world,
    lease: { version: version.next, holder: index, epoch, from: nobody, end: '' },
    departed: undefined,
    wrong: lacks
      ? `${name(index)} lacks some of ${departed.log}, and claims before its owner may be back`
      : world.wrong,
  };
}
