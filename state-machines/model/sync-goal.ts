// What must stay reachable in the synchronous model: a stable primary that acknowledges.
import { rules } from './sync-context.ts';
import { type Bounds, type World, member } from './sync-world.ts';

/** What the world need not do, and who stands does not do by its own table. Time-outs and reconnections are not among it: they come sooner or later. */
const faults = / crashes$| loses its (volume|connection)$| is stopped$|answer to . is lost|, it crashes$| in vain$/;
export const isFair = (step: string): boolean => !faults.test(step);

/** A primary that holds the lease in its epoch, with W of its names connected and in possession of all it has. */
export function stable(world: World): boolean {
  return world.instances.some((instance, index) => {
    const { config } = instance;
    if (!rules(world, index) || !config) return false;
    const connected = world.instances.filter(
      (other, who) =>
        other.up && other.source === index && other.log === instance.log && config.names.includes(member(world, who)),
    );
    return connected.length >= config.number;
  });
}

/** Two more candidacies and a change of the set fit within the bounds: a dead end is then the protocol's, not the bounds'. */
export function hasRoom(world: World, bounds: Bounds): boolean {
  const epoch = Math.max(world.lease.epoch, ...world.instances.map(({ promised }) => promised));
  return epoch + 2 <= bounds.epochs && (bounds.changes === 0 || world.changes < bounds.changes);
}
