// What can happen in the synchronous world. Decisions come from the shipped functions (voter, quorum, epoch, history); the parts are
// their environment: disks, networks, walsenders, crashes. A mutant (docs/ha-protocol.md §8) breaks one thing of it.
import type { Context, Step } from './sync-context.ts';
import { crashes, starts, stops } from './sync-crashes.ts';
import { answers, claims, heard, promises, promotes, raises, stands } from './sync-election.ts';
import { changes, rejoins } from './sync-membership.ts';
import { remakes, renames, settles } from './sync-remaking.ts';
import { acknowledged, connects, streams, writes } from './sync-replication.ts';
import type { World } from './sync-world.ts';

const parts: readonly ((world: World, context: Context) => Iterable<Step>)[] = [
  writes,
  streams,
  connects,
  crashes,
  starts,
  stops,
  stands,
  promises,
  answers,
  claims,
  promotes,
  raises,
  rejoins,
  changes,
  remakes,
  settles,
  renames,
];

/** What happens by itself, and what can make no difference any more. */
function settled(world: World, { bounds }: Context): World {
  const after = acknowledged(bounds.late ? world : heard(world));
  const { promotions, lease } = after;
  // Nobody is promoted in an epoch below the lease's; what is acknowledged is compared with the newest.
  const kept = promotions.filter((epoch, nth) => epoch >= lease.epoch || nth === promotions.length - 1);
  return kept.length < promotions.length ? { ...after, promotions: kept } : after;
}

/** All that can happen next. */
export function* syncSteps(world: World, context: Context): Iterable<Step> {
  if (world.wrong !== '') return;
  for (const part of parts) for (const [step, reached] of part(world, context)) yield [step, settled(reached, context)];
}
