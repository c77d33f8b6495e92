// What must stay reachable in the asynchronous model, where a scenario asks for it: a primary that holds the lease.
import { sees } from './async-context.ts';
import type { AsyncBounds, AsyncWorld } from './async-world.ts';

/** What the world need not do. */
const faults = / goes away$| no more$| is deleted$| loses power$|manager of . dies$| is stopped$| times out$|clock of /;
export const isFair = (step: string): boolean => !faults.test(step);

export const stable = ({ instances }: AsyncWorld): boolean =>
  instances.some(
    (instance, index) =>
      instance.up &&
      instance.role === 'primary' &&
      sees(index, instance) === 'mine' &&
      instance.fresh !== undefined &&
      instance.fresh > 0,
  );

/** Two more candidacies fit within the bounds: a dead end is then the protocol's, not the bounds'. */
export const hasRoom = ({ lease, status, instances }: AsyncWorld, { epochs }: AsyncBounds): boolean =>
  Math.max(lease.epoch, status, ...instances.map(({ promised }) => promised)) + 2 <= epochs;
