// What is written, and who receives it, in the asynchronous model, where a scenario asks for it.
import { type Context, name, type Step } from './async-context.ts';
import { type AsyncWorld, put } from './async-world.ts';

export function* writes(world: AsyncWorld, { bounds }: Context): Iterable<Step> {
  if (bounds.commits === undefined || world.commits >= bounds.commits) return;
  const letter = String.fromCharCode(113 + world.commits); // q, r, s …: not a name of an instance
  for (const [index, { role, log }] of world.instances.entries()) {
    if (role !== 'primary') continue;
    const written = put(world, index, { log: log + letter });
    yield [`${name(index)} writes ${letter}`, { ...written, commits: world.commits + 1 }];
  }
}

/** All that there is at once; from the holder of the lease also by a rewind (rules 16, 21, 27). */
export function* streams(world: AsyncWorld, { bounds }: Context): Iterable<Step> {
  if (bounds.commits === undefined) return;
  for (const [index, standby] of world.instances.entries()) {
    if (!standby.up || standby.role !== 'standby' || standby.candidacy > 0) continue;
    for (const [source, primary] of world.instances.entries()) {
      if (primary.role !== 'primary' || primary.led < standby.promised || primary.log === standby.log) continue;
      const rewinds = standby.seenHolder === source && standby.seenEpoch === primary.led;
      if (!primary.log.startsWith(standby.log) && !rewinds) continue;
      const promised = Math.max(standby.promised, primary.led);
      yield [`${name(index)} receives all of ${name(source)}`, put(world, index, { log: primary.log, promised })];
    }
  }
}
