// What can make no difference any more in the asynchronous world is made alike, so that there are fewer of them.
import { type AsyncBounds, type AsyncWorld, type Call, type Instance, nobody, version } from './async-world.ts';

/** A change of the lease has made every version but one stale. */
const renumbered = (seen: number, present: number): number => {
  if (seen <= version.absent) return seen;
  return seen === present ? version.present : version.stale;
};

/** Beyond this age an answer gives nothing, however much later it comes. */
const oldest = (kind: Call['kind'], { renewDeadline, stop }: AsyncBounds): number =>
  kind === 'claim' ? renewDeadline : renewDeadline + stop;

function settledCall(call: Call, present: number, bounds: AsyncBounds): Call {
  const age = Math.min(call.age, oldest(call.kind, bounds));
  const expected = call.outcome === 'lost' ? version.stale : renumbered(call.version, present);
  return age === call.age && expected === call.version ? call : { ...call, age, version: expected };
}

function settledInstance(i: Instance, { version: present, end }: AsyncWorld['lease'], bounds: AsyncBounds): Instance {
  const waits = i.seen === present && end !== '';
  const seen = renumbered(i.seen, present);
  const overtaken = i.overtaken && i.candidacy > 0;
  // What was entered is asked for only in the lease's epoch.
  const entered = i.entered === i.seenEpoch ? i.entered : 0;
  // Whoever is no primary needs a deadline that lies ahead, or has none.
  const fresh = i.fresh !== undefined && i.role !== 'primary' ? Math.max(i.fresh, 0) : i.fresh;
  // Nobody waits for a lease that was released, unless he lacks something.
  const unchanged = seen > version.absent && i.seenHolder === nobody && !waits ? 0 : i.unchanged;
  const call = i.call && settledCall(i.call, present, bounds);
  const age = Math.min(i.round?.age ?? 0, oldest('renew', bounds));
  const round = i.round && age < i.round.age ? { ...i.round, age } : i.round;
  const same =
    seen === i.seen &&
    overtaken === i.overtaken &&
    fresh === i.fresh &&
    unchanged === i.unchanged &&
    entered === i.entered;
  return same && call === i.call && round === i.round
    ? i
    : { ...i, seen, overtaken, entered, fresh, unchanged, call, round };
}

/**
 * The same world with versions as in `version`, without claims on their way that can only be refused, out of parts that others have too
 * (`shared`). It was reached from `before`, which is settled: what is as it was there under the same lease is so still.
 */
export function settled(
  world: AsyncWorld,
  before: AsyncWorld,
  bounds: AsyncBounds,
  shared: (instance: Instance) => Instance,
): AsyncWorld {
  const { lease, orphans, departed } = world;
  const kept = lease === before.lease;
  return {
    ...world,
    instances: world.instances.map((instance, index) =>
      kept && instance === before.instances[index] ? instance : shared(settledInstance(instance, lease, bounds)),
    ),
    // It is compared with no later claim.
    departed: lease.version !== version.absent && lease.holder !== nobody ? undefined : departed,
    lease: lease.version > version.present ? { ...lease, version: version.present } : lease,
    orphans:
      orphans.length === 0
        ? orphans
        : orphans
            .filter(([, expected]) => expected === lease.version || expected === version.absent)
            .map(([sender, expected, epoch]) => [sender, renumbered(expected, lease.version), epoch] as const),
  };
}
