// What can happen in the asynchronous world. The fence, the election and the promotion decide by their shipped rows, holds by the shipped
// voter; this file is clocks, the API server, crashes and the network. A mutant (docs/ha-protocol.md §8) breaks one thing of it.
import { type FenceFacts, fenceRows } from '../fence/machine.ts';
import { answerHold } from '../voter/voter.ts';
import { type AsyncMutant, at, claimed, type Context, name, read, sees, type Step } from './async-context.ts';
import { elections, entered, isPassedOver, promotions } from './async-election.ts';
import { streams, writes } from './async-logs.ts';
import {
  type AsyncBounds,
  type AsyncWorld,
  type Call,
  type Instance,
  leasedTo,
  nobody,
  put,
  version,
} from './async-world.ts';
import { decide } from './first-row.ts';
import { settled } from './async-settle.ts';

/** A tick passes for all; now and then one clock counts two, or none. */
function* time(world: AsyncWorld, { bounds }: Context): Iterable<Step> {
  const overdue = world.instances.some(({ role, fresh }) => role === 'primary' && (fresh ?? 0) <= -bounds.stop);
  if (overdue) return;
  const { departed } = world;
  const later = {
    ...world,
    departed: departed && { ...departed, age: Math.min(departed.age + 1, bounds.duration) },
    instances: world.instances.map((instance) => older(instance, 1, bounds)),
  };
  yield ['tick', later];
  if (world.drifts >= (bounds.drifts ?? 0)) return;
  for (const [index, instance] of world.instances.entries()) {
    const ticked = (by: number): AsyncWorld => ({
      ...later,
      drifts: world.drifts + 1,
      instances: later.instances.map((other, who) => (who === index ? older(instance, by, bounds) : other)),
    });
    yield [`tick, the clock of ${name(index)} is fast`, ticked(2)];
    yield [`tick, the clock of ${name(index)} is slow`, ticked(0)];
  }
}

function older(instance: Instance, by: number, { duration, stop }: AsyncBounds): Instance {
  const aged = (age: number): number => Math.min(age + by, duration);
  return {
    ...instance,
    fresh: instance.fresh === undefined ? undefined : Math.max(instance.fresh - by, -stop),
    unchanged: instance.up && instance.seen >= 0 ? aged(instance.unchanged) : instance.unchanged,
    held: Math.max(0, instance.held - by),
    call: instance.call && { ...instance.call, age: aged(instance.call.age) },
    round: instance.round && { ...instance.round, age: aged(instance.round.age) },
  };
}

/** By asking, or by a watch: then also while the answer to a claim is waited for. */
function* reads(world: AsyncWorld, { bounds }: Context): Iterable<Step> {
  for (const [index, instance] of world.instances.entries()) {
    const { call, up, api, seen } = instance;
    const hears = call === undefined || (bounds.unanswered === true && call.kind === 'claim');
    if (up && api && hears && seen !== world.lease.version) {
      yield [`${name(index)} reads the lease`, put(world, index, read(world, index))];
    }
  }
}

function* fences(world: AsyncWorld): Iterable<Step> {
  for (const [index, instance] of world.instances.entries()) {
    if (instance.role !== 'primary') continue;
    const facts: FenceFacts = {
      now: 0,
      postgres: 'primary',
      lease: sees(index, instance),
      ...(instance.fresh === undefined ? {} : { freshUntil: instance.fresh }),
      renewing: instance.call !== undefined,
      retryPeriod: 0,
      apiAnswers: instance.api,
      fit: true,
    };
    const action = decide(fenceRows, facts);
    if (action.type === 'end-postgres') {
      yield [
        `${name(index)} is fenced`,
        put(world, index, { role: 'stopped', fresh: undefined, round: undefined, call: undefined }),
      ];
      continue;
    }
    if (!instance.up) continue;
    const call = { age: 0, version: instance.seen, epoch: instance.led, outcome: 'open' } as const;
    if (action.type === 'renew')
      yield [`${name(index)} renews`, put(world, index, { call: { ...call, kind: 'renew' } })];
    if (action.type === 'recreate')
      yield [`${name(index)} recreates`, put(world, index, { call: { ...call, kind: 'recreate' } })];
    if (action.type === 'ask-for-hold' && !instance.round) {
      yield [`${name(index)} begins a round of holds`, put(world, index, { round: { age: 0, granted: [] } })];
    }
  }
}

/** From when it was sent. */
function hearsOfClaim(world: AsyncWorld, index: number, fresh: number, bounds: AsyncBounds): AsyncWorld {
  // It was somebody else's by the time that the answer came.
  if (sees(index, at(world, index)) !== 'mine') return put(world, index, { call: undefined, candidacy: 0 });
  const after = entered(world, index, bounds);
  return put(after, index, { round: undefined, fresh: Math.max(at(world, index).fresh ?? -9, fresh) });
}

/** The API server does what a call asks, or refuses by the version; or the call dies on the way. */
function* calls(world: AsyncWorld, { bounds, mutant }: Context): Iterable<Step> {
  for (const [index, instance] of world.instances.entries()) {
    const { call } = instance;
    if (!call) continue;
    if (call.outcome === 'open' && instance.api) yield* arrives(world, index, call, { bounds, mutant });
    if (call.outcome === 'done' || call.outcome === 'conflict') yield* answers(world, index, call, bounds, mutant);
    if (instance.up) yield* times(world, index, call, bounds);
  }
}

function* arrives(world: AsyncWorld, index: number, call: Call, { bounds, mutant }: Context): Iterable<Step> {
  const { lease } = world;
  const fits = mutant === 'M2' && call.kind === 'claim' ? lease.version > 0 : lease.version === call.version;
  if (!fits) {
    yield [`${call.kind} of ${name(index)} conflicts`, put(world, index, { call: { ...call, outcome: 'conflict' } })];
    return;
  }
  const changed =
    call.kind === 'claim'
      ? claimed(world, index, call.epoch, bounds)
      : { ...world, lease: leasedTo(index, call.epoch) };
  // The caller's next compare-and-swap expects what this one made.
  yield [
    `${call.kind} of ${name(index)} is done`,
    put(changed, index, { call: { ...call, version: version.next, outcome: 'done' } }),
  ];
}

function* answers(
  world: AsyncWorld,
  index: number,
  call: Call,
  bounds: AsyncBounds,
  mutant: AsyncMutant | undefined,
): Iterable<Step> {
  const instance = at(world, index);
  if (!instance.up) return;
  if (call.outcome === 'conflict') {
    // A refusal is no success (rule 1); the lease is read again.
    yield [
      `${name(index)} hears of a conflict`,
      put(world, index, { call: undefined, candidacy: 0, ...(instance.api ? read(world, index) : {}) }),
    ];
    return;
  }
  const fresh = bounds.renewDeadline - (mutant === 'M1' ? 0 : call.age);
  // An answer says nothing of what was seen since.
  const news =
    instance.seen === version.present ? {} : { seen: call.version, seenHolder: index, seenEpoch: call.epoch };
  const known = { ...news, ...(instance.seen === version.present ? {} : { unchanged: 0 }) };
  if (call.kind === 'claim') {
    yield [`${name(index)} hears of its claim`, hearsOfClaim(put(world, index, known), index, fresh, bounds)];
    return;
  }
  // A renewal that was answered after its own deadline gives nothing; the fence has tripped or is about to.
  const renewed = { call: undefined, candidacy: 0, round: undefined, fresh: Math.max(instance.fresh ?? -9, fresh) };
  yield [`${name(index)} hears of its ${call.kind}`, put(world, index, { ...known, ...renewed })];
}

/** The caller gives up waiting. Whether the call was done it learns by reading. */
function* times(world: AsyncWorld, index: number, call: Call, { unanswered }: AsyncBounds): Iterable<Step> {
  if (call.age === 0 || call.outcome === 'lost') return;
  const step = `${call.kind} of ${name(index)} times out`;
  if (call.kind === 'claim') {
    if (unanswered !== true) return;
    const orphans =
      call.outcome === 'open' ? [...world.orphans, [index, call.version, call.epoch] as const] : world.orphans;
    yield [step, { ...put(world, index, { call: { ...call, outcome: 'lost' } }), orphans }];
    return;
  }
  const seen = call.outcome === 'done' ? { seen: -1, overtaken: true } : {};
  yield [step, put(world, index, { call: undefined, ...seen })];
}

function* holds(world: AsyncWorld, { bounds, mutant }: Context): Iterable<Step> {
  for (const [index, instance] of world.instances.entries()) {
    const { round } = instance;
    if (!round || !instance.up || instance.role !== 'primary') continue;
    for (const [peer, other] of world.instances.entries()) {
      if (peer === index || !other.up || round.granted.includes(peer)) continue;
      const facts = {
        now: 0,
        member: true,
        whole: true,
        primary: other.role === 'primary',
        holdsLease: sees(peer, other) === 'mine',
        claiming: other.call?.kind === 'claim' && mutant !== 'M27',
        promoting: other.fresh !== undefined,
        promised: mutant === 'M27' ? 0 : other.promised,
        paused: false,
        wouldStand: false,
        receiverClosed: false,
      };
      if (!answerHold(facts, instance.led).granted) continue;
      const granted = put(
        put(world, peer, { held: bounds.duration, ...(mutant === 'M27' ? {} : { candidacy: 0 }) }),
        index,
        {
          round: { ...round, granted: [...round.granted, peer] },
        },
      );
      yield [`${name(peer)} grants a hold to ${name(index)}`, granted];
    }
    const needed = mutant === 'M28' ? 1 : world.instances.length - 1;
    if (round.granted.length >= needed) {
      const fresh = Math.max(instance.fresh ?? -9, bounds.renewDeadline - round.age);
      yield [`the round of ${name(index)} counts`, put(world, index, { fresh, round: undefined })];
    } else if (round.age > 0) {
      yield [`the round of ${name(index)} fails`, put(world, index, { round: undefined })];
    }
  }
}

/** A stopped primary gives the lease back (pod deletion, switchover), with the end of its log if it was closed. */
function* releases(world: AsyncWorld, { bounds, mutant }: Context): Iterable<Step> {
  for (const [index, instance] of world.instances.entries()) {
    const { up, api, call, role, led, log, closed } = instance;
    const { lease } = world;
    if (!up || !api || call) continue;
    if (role === 'primary') {
      const stopped = {
        role: 'stopped',
        fresh: undefined,
        round: undefined,
        closed: bounds.commits !== undefined,
      } as const;
      yield [`${name(index)} is stopped`, put(world, index, stopped)];
    } else if (role === 'stopped' && lease.version > 0 && lease.holder === index && led === lease.epoch) {
      const end = closed && mutant !== 'M34' ? log : '';
      const released = {
        ...world,
        lease: { ...lease, version: version.next, holder: nobody, from: index, end },
        departed: closed ? { log, age: 0 } : undefined,
      };
      const known = { seen: version.next, seenHolder: nobody, seenEpoch: led, unchanged: 0, overtaken: true };
      const after = put(released, index, { ...known, led: 0, fresh: undefined, closed: false });
      yield [`${name(index)} releases the lease`, after];
    }
  }
}

/** A claim whose sender has died, or does not wait for it any longer, arrives, or is lost. */
function* strays(world: AsyncWorld, { bounds }: Context): Iterable<Step> {
  for (const [place, [sender, expected, epoch]] of world.orphans.entries()) {
    const rest = { ...world, orphans: world.orphans.filter((_, other) => other !== place) };
    if (expected !== world.lease.version) yield [`a late claim of ${name(sender)} conflicts`, rest];
    else {
      yield [`a late claim of ${name(sender)} is done`, claimed(rest, sender, epoch, bounds)];
    }
  }
}

const observed = ({ seen, seenHolder, seenEpoch }: Instance, { duration }: AsyncBounds): Partial<Instance> => ({
  seen,
  seenHolder,
  seenEpoch,
  unchanged: duration,
});

const forgotten = {
  held: 0,
  seen: -1,
  seenHolder: nobody,
  seenEpoch: 0,
  unchanged: 0,
  call: undefined,
  candidacy: 0,
  overtaken: false,
  entered: 0,
  round: undefined,
} as const;

function* crashes(world: AsyncWorld, { bounds, mutant }: Context): Iterable<Step> {
  for (const [index, instance] of world.instances.entries()) {
    // The clock of the new life has nothing to do with that of the old one: the time since may look like anything.
    const kept = mutant === 'M3' ? { ...forgotten, ...observed(instance, bounds) } : forgotten;
    if (instance.up && world.crashes < bounds.crashes) {
      const { call } = instance;
      const orphan =
        call?.kind === 'claim' && call.outcome === 'open' ? [[index, call.version, call.epoch] as const] : [];
      const counted = { ...world, crashes: world.crashes + 1, orphans: [...world.orphans, ...orphan] };
      yield [
        `${name(index)} loses power`,
        put(counted, index, { ...kept, up: false, role: 'stopped', fresh: undefined }),
      ];
      // Postgres runs on; the deadline is kept by the watchdog (rule 2).
      if (instance.role === 'primary')
        yield [`the manager of ${name(index)} dies`, put(counted, index, { ...kept, up: false })];
    }
    if (!instance.up && instance.role === 'primary')
      yield [`the manager of ${name(index)} adopts`, put(world, index, { up: true })];
    if (!instance.up && instance.role === 'stopped') {
      const role = instance.led > 0 ? 'stopped' : 'standby';
      yield [`${name(index)} is back`, put(world, index, { up: true, role })];
    }
    if (instance.up && instance.role === 'stopped' && mutant === 'M6' && instance.led > 0) {
      yield [
        `${name(index)} starts as primary without the lease`,
        put(world, index, { role: 'primary', fresh: bounds.renewDeadline }),
      ];
    }
  }
}

/** What stopped as primary goes on in the lease's epoch once it is renewed (rule 9), or is a standby. */
function* starts(world: AsyncWorld): Iterable<Step> {
  for (const [index, instance] of world.instances.entries()) {
    const { up, role, led, seenEpoch, fresh, call } = instance;
    if (!up || role !== 'stopped' || call) continue;
    const lease = sees(index, instance);
    if (lease === 'mine' && led === seenEpoch && (fresh ?? 0) > 0) {
      const started = put(world, index, { role: 'primary', closed: false });
      // Here the epoch may be new to it: a claim of one that stopped as primary.
      const began = world.promotions.includes(seenEpoch) ? world.promotions : [...world.promotions, seenEpoch];
      yield [`${name(index)} starts as primary`, { ...started, promotions: began }];
    } else if (lease === 'other' || isPassedOver(world, index, instance)) {
      yield [`${name(index)} becomes a standby`, put(world, index, { role: 'standby', led: 0, closed: false })];
    }
  }
}

function* outside(world: AsyncWorld, { bounds }: Context): Iterable<Step> {
  const reach = (api: boolean): AsyncWorld => ({
    ...world,
    instances: world.instances.map((instance) => (instance.api === api ? instance : { ...instance, api })),
  });
  const some = world.instances.some(({ api }) => api);
  if (some && world.outages < bounds.outages) {
    yield ['the API server goes away', { ...reach(false), outages: world.outages + 1 }];
    for (const [index, { api }] of world.instances.entries()) {
      const cut = { ...put(world, index, { api: false }), outages: world.outages + 1 };
      if (api) yield [`${name(index)} reaches the API server no more`, cut];
    }
  }
  if (world.instances.some(({ api }) => !api)) yield ['the API server is back', reach(true)];
  if (world.lease.version > 0 && world.deletions < bounds.deletions) {
    yield [
      'the lease is deleted',
      { ...world, lease: { ...leasedTo(nobody, 0), version: version.absent }, deletions: world.deletions + 1 },
    ];
  }
}

const sources: readonly ((world: AsyncWorld, context: Context) => Iterable<Step>)[] = [
  time,
  reads,
  fences,
  calls,
  holds,
  elections,
  promotions,
  releases,
  strays,
  crashes,
  starts,
  writes,
  streams,
  outside,
];

/** All that can happen next, out of parts that others have too, where there is a way to find them. */
export function* asyncSteps(
  world: AsyncWorld,
  context: Context,
  shared = (instance: Instance): Instance => instance,
): Iterable<Step> {
  if (world.wrong !== '') return;
  for (const source of sources) {
    for (const [step, reached] of source(world, context)) {
      yield [step, settled(reached, world, context.bounds, shared)];
    }
  }
}
