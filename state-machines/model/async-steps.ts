// What can happen in the asynchronous world. The fence and the election decide by their shipped rows, holds by the shipped voter; this
// file is clocks, the API server, crashes and the network. A mutant (docs/ha-protocol.md §8) breaks one thing of it.
// Longer than other files on purpose: everything that can happen to this world, read against the protocol as one text.
import { type ElectionFacts, electionRows, silence } from '../election/machine.ts';
import { type FenceFacts, fenceRows } from '../fence/machine.ts';
import { nextEpoch } from '../protocol/epoch.ts';
import { answerHold } from '../voter/voter.ts';
import { type AsyncBounds, type AsyncWorld, type Call, type Instance, nobody, put, version } from './async-world.ts';
import { settled } from './async-settle.ts';

export type AsyncMutant = 'M1' | 'M2' | 'M3' | 'M4' | 'M5' | 'M6' | 'M27' | 'M28' | 'M29';

export type Step = readonly [string, AsyncWorld];
interface Context {
  readonly bounds: AsyncBounds;
  readonly mutant: AsyncMutant | undefined;
}

const name = (index: number): string => 'abcdefgh'[index] ?? '?';
const at = (world: AsyncWorld, index: number): Instance => {
  const instance = world.instances[index];
  if (!instance) throw new Error(`no instance ${index}`);
  return instance;
};
const absent = (instance: Instance): boolean => instance.seen === 0;
const sees = (index: number, instance: Instance): FenceFacts['lease'] => {
  if (instance.seen < 0) return 'unknown';
  if (absent(instance)) return 'absent';
  if (instance.seenHolder === nobody) return 'released';
  return instance.seenHolder === index && instance.seenEpoch === instance.led ? 'mine' : 'other';
};

/** The first row of a shipped table that matches, as its machine would choose (a test holds the two together). */
function decide<Facts, Action>(
  rows: readonly { when: (facts: Facts) => boolean; action: Action }[],
  facts: Facts,
): Action {
  const row = rows.find(({ when }) => when(facts));
  if (!row) throw new Error('no row matches');
  return row.action;
}

/** A tick passes for all; now and then one clock counts two, or none. */
function* time(world: AsyncWorld, { bounds }: Context): Iterable<Step> {
  const overdue = world.instances.some(({ role, fresh }) => role === 'primary' && (fresh ?? 0) <= -bounds.stop);
  if (overdue) return;
  yield ['tick', { ...world, instances: world.instances.map((instance) => older(instance, 1, bounds)) }];
  if (world.drifts >= (bounds.drifts ?? 0)) return;
  for (const index of world.instances.keys()) {
    const ticked = (by: number): AsyncWorld => ({
      ...world,
      drifts: world.drifts + 1,
      instances: world.instances.map((instance, who) => older(instance, who === index ? by : 1, bounds)),
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

/** Reading the lease starts the count anew when it changed, was deleted or made again (rule 5). */
function read(world: AsyncWorld, index: number): Partial<Instance> {
  const { lease } = world;
  if (at(world, index).seen === lease.version) return {};
  return {
    ...{ seen: lease.version, seenHolder: lease.holder, seenEpoch: lease.epoch },
    ...{ unchanged: 0, overtaken: true },
  };
}

function* reads(world: AsyncWorld): Iterable<Step> {
  for (const [index, instance] of world.instances.entries()) {
    if (instance.up && instance.api && instance.call === undefined && instance.seen !== world.lease.version) {
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

/** The API server does what a call asks, or refuses by the version; or the call dies on the way. */
function* calls(world: AsyncWorld, { bounds, mutant }: Context): Iterable<Step> {
  for (const [index, instance] of world.instances.entries()) {
    const { call } = instance;
    if (!call) continue;
    if (call.outcome === 'open' && instance.api) yield* arrives(world, index, call, mutant);
    if (call.outcome !== 'open') yield* answers(world, index, call, bounds, mutant);
    if (instance.up) yield* times(world, index, call);
  }
}

function* arrives(world: AsyncWorld, index: number, call: Call, mutant: AsyncMutant | undefined): Iterable<Step> {
  const { lease } = world;
  const fits = mutant === 'M2' && call.kind === 'claim' ? lease.version > 0 : lease.version === call.version;
  if (!fits) {
    yield [`${call.kind} of ${name(index)} conflicts`, put(world, index, { call: { ...call, outcome: 'conflict' } })];
    return;
  }
  const changed = { ...world, lease: { version: version.next, holder: index, epoch: call.epoch } };
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
  const seen = { seen: call.version, seenHolder: index, seenEpoch: call.epoch, unchanged: 0 };
  const known = { call: undefined, candidacy: 0, round: undefined, ...seen };
  if (call.kind !== 'claim') {
    // A renewal that was answered after its own deadline gives nothing; the fence has tripped or is about to.
    yield [
      `${name(index)} hears of its ${call.kind}`,
      put(world, index, { ...known, fresh: Math.max(instance.fresh ?? -9, fresh) }),
    ];
  } else {
    yield [`${name(index)} hears of its claim`, put(world, index, { ...known, fresh })];
  }
}

/** The caller gives up waiting. Whether the call was done it learns by reading. */
function* times(world: AsyncWorld, index: number, call: Call): Iterable<Step> {
  if (call.kind === 'claim' || call.age === 0) return;
  const seen = call.outcome === 'done' ? { seen: -1, overtaken: true } : {};
  yield [`${call.kind} of ${name(index)} times out`, put(world, index, { call: undefined, ...seen })];
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
        holdsLease: other.seenHolder === peer && !absent(other),
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

function* elections(world: AsyncWorld, { bounds, mutant }: Context): Iterable<Step> {
  for (const [index, instance] of world.instances.entries()) {
    if (!instance.up || instance.role === 'primary' || instance.call) continue;
    const lease = sees(index, instance);
    const facts: ElectionFacts = {
      now: 0,
      mode: 'async',
      member: true,
      whole: true,
      apiAnswers: instance.api && instance.seen >= 0,
      paused: false,
      ...(mutant === 'M29' ? {} : { holdUntil: instance.held }),
      lease:
        mutant === 'M4' && lease === 'absent'
          ? 'released'
          : lease === 'released' || lease === 'absent'
            ? lease
            : 'held',
      entered: true,
      unchangedFor: instance.unchanged,
      patience: mutant === 'M2' ? 1 : bounds.duration,
      // Whatever is heard of the holder, or not heard: it must not matter here.
      overdue: 0,
      unansweredPulses: silence,
      delayed: false,
      holderAnswers: false,
      leaseInDoubt: false,
      standing: 'first',
      quorumInReach: true,
      ...(instance.candidacy === 0
        ? {}
        : {
            candidacy: {
              epoch: instance.candidacy,
              prevote: 'granted' as const,
              promised: instance.promised >= instance.candidacy,
              quorum: true,
              overtaken: instance.overtaken,
              refused: false,
              timedOut: false,
              claim: 'unsent' as const,
            },
          }),
    };
    const action = decide(electionRows, facts);
    if (action.type === 'ask-prevotes') {
      const seen =
        mutant === 'M5' ? [instance.seenEpoch] : [instance.seenEpoch, instance.promised, instance.led, world.status];
      const epoch = nextEpoch(absent(instance) && mutant === 'M5' ? [] : seen);
      if (epoch <= bounds.epochs) {
        const promised = Math.max(instance.promised, epoch);
        yield [
          `${name(index)} stands for ${epoch}`,
          put(world, index, { candidacy: epoch, overtaken: false, promised, led: 0 }),
        ];
      }
    } else if (action.type === 'claim') {
      const call: Call = { kind: 'claim', age: 0, version: instance.seen, epoch: instance.candidacy, outcome: 'open' };
      yield [`${name(index)} sends its claim of ${instance.candidacy}`, put(world, index, { call })];
    } else if (action.type === 'give-up') {
      yield [`${name(index)} gives up`, put(world, index, { candidacy: 0 })];
    }
  }
}

/** §5, promotion: the lease is (me, e) as last read, fresh, and no hold is in force. */
function* promotions(world: AsyncWorld, { mutant }: Context): Iterable<Step> {
  for (const [index, instance] of world.instances.entries()) {
    if (!instance.up || instance.role === 'primary' || instance.call || instance.seen <= 0) continue;
    const epoch = instance.seenEpoch;
    const mine = instance.seenHolder === index && instance.promised === epoch && (instance.fresh ?? 0) > 0;
    if (!mine || (instance.held > 0 && mutant !== 'M29') || instance.led === epoch) continue;
    const twice = world.promotions.includes(epoch);
    const promoted = put(world, index, { role: 'primary', led: epoch });
    yield [
      `${name(index)} is promoted in ${epoch}`,
      {
        ...promoted,
        status: Math.max(world.status, epoch),
        promotions: [...world.promotions, epoch],
        wrong: promoted.wrong || (twice ? `two promotions in epoch ${epoch}` : ''),
      },
    ];
  }
}

/** §5: a restart resumes the promotion that its claim was for; first of all it renews. */
function* resumptions(world: AsyncWorld): Iterable<Step> {
  for (const [index, instance] of world.instances.entries()) {
    if (!instance.up || !instance.api || instance.role === 'primary' || instance.call || instance.led > 0) continue;
    const { lease } = world;
    if (lease.version === 0 || lease.holder !== index || lease.epoch !== instance.promised) continue;
    if (instance.seen !== lease.version || (instance.fresh ?? 0) > 0) continue;
    const call = { kind: 'renew', age: 0, version: instance.seen, epoch: lease.epoch, outcome: 'open' } as const;
    yield [`${name(index)} renews before it resumes`, put(world, index, { call })];
  }
}

/** A stopped primary gives the lease back (pod deletion, switchover). */
function* releases(world: AsyncWorld): Iterable<Step> {
  for (const [index, instance] of world.instances.entries()) {
    if (!instance.up || !instance.api || instance.call) continue;
    if (instance.role === 'primary') {
      yield [`${name(index)} is stopped`, put(world, index, { role: 'stopped', fresh: undefined, round: undefined })];
    } else if (
      instance.role === 'stopped' &&
      world.lease.version > 0 &&
      world.lease.holder === index &&
      instance.led === world.lease.epoch
    ) {
      const released = { ...world, lease: { ...world.lease, version: version.next, holder: nobody } };
      yield [`${name(index)} releases the lease`, put(released, index, { role: 'standby', led: 0, fresh: undefined })];
    }
  }
}

/** A claim whose sender died arrives, or is lost. */
function* strays(world: AsyncWorld): Iterable<Step> {
  for (const [place, [sender, expected, epoch]] of world.orphans.entries()) {
    const rest = { ...world, orphans: world.orphans.filter((_, other) => other !== place) };
    if (expected !== world.lease.version) yield [`a late claim of ${name(sender)} conflicts`, rest];
    else {
      const lease = { version: version.next, holder: sender, epoch };
      yield [`a late claim of ${name(sender)} is done`, { ...rest, lease }];
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
    if (!instance.up && instance.role === 'stopped') yield [`${name(index)} is back`, put(world, index, { up: true })];
    if (instance.up && instance.role === 'stopped' && mutant === 'M6' && instance.led > 0) {
      yield [
        `${name(index)} starts as primary without the lease`,
        put(world, index, { role: 'primary', fresh: bounds.renewDeadline }),
      ];
    }
    // Rule 9: it led, and the lease names it still: it renews first, then starts.
    if (instance.up && instance.role === 'stopped' && instance.led > 0 && instance.api && world.lease.version > 0) {
      if (world.lease.holder === index && world.lease.epoch === instance.led) {
        const renewed = { ...world, lease: { ...world.lease, version: version.next } };
        const own = {
          ...{ seen: version.next, seenHolder: index, seenEpoch: instance.led },
          ...{ unchanged: 0, overtaken: true },
        };
        yield [
          `${name(index)} renews and starts`,
          put(renewed, index, { ...own, role: 'primary', fresh: bounds.renewDeadline }),
        ];
      } else {
        yield [`${name(index)} becomes a standby`, put(world, index, { role: 'standby', led: 0 })];
      }
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
      { ...world, lease: { version: version.absent, holder: nobody, epoch: 0 }, deletions: world.deletions + 1 },
    ];
  }
}

/** All that can happen next. */
export function* asyncSteps(world: AsyncWorld, context: Context): Iterable<Step> {
  if (world.wrong !== '') return;
  const sources = [
    time,
    reads,
    fences,
    calls,
    holds,
    elections,
    promotions,
    resumptions,
    releases,
    strays,
    crashes,
    outside,
  ];
  for (const source of sources)
    for (const [step, reached] of source(world, context)) yield [step, settled(reached, context.bounds)];
}
