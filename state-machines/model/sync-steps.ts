// What can happen in the synchronous world. Decisions come from the shipped functions (voter, quorum, epoch, history); the parts are
// their environment: disks, networks, walsenders, crashes. A mutant (docs/ha-protocol.md §8) breaks one thing of it.
import type { Context, Step } from './sync-context.ts';
import { crashes, starts, stops } from './sync-crashes.ts';
import { answers, claims, promises, promotes, raises, stands } from './sync-election.ts';
import { changes, rejoins } from './sync-membership.ts';
import { acknowledges, connects, streams, writes } from './sync-replication.ts';
import type { World } from './sync-world.ts';

const parts: readonly ((world: World, context: Context) => Iterable<Step>)[] = [
  writes,
  streams,
  connects,
  acknowledges,
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
];

/** All that can happen next. */
export function* syncSteps(world: World, context: Context): Iterable<Step> {
  if (world.wrong !== '') return;
  for (const part of parts) yield* part(world, context);
}
